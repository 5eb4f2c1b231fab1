#!/bin/bash
# Runs all tests, or those whose path contains one of the words given:   npm test -- proxy config
# As root everything runs; otherwise what needs root says so and is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t files < <(find dist/test -name '*.test.js' | sort)
if [ $# -gt 0 ]; then
  chosen=()
  for file in "${files[@]}"; do
    for word in "$@"; do
      case $file in *"$word"*) chosen+=("$file") && break ;; esac
    done
  done
  files=("${chosen[@]}")
fi
if [ ${#files[@]} = 0 ]; then
  echo "no test file matches" >&2
  exit 1
fi
# The reporter that repeats at the end which tests failed and why, also where no terminal is.
exec node --test --test-reporter=spec --test-concurrency=2 --test-timeout=180000 "${files[@]}"
