#!/bin/bash
# Has two programs look for faults in C that a compilation lets pass: gcc with all our warnings, among them conversions that
# change a value, and clang's static analyser, which follows each function's paths. One finding, and it fails.
#
#   packaging/analyse.sh [FOLDER...]      native/, bench/ and test/ unless it is said
#
# Not gcc's own analyser: of its findings here none was a fault, and each path it doubts would have to be written around.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- native bench test

analyse() {
  # Optimised: only then gcc follows where a null pointer goes.
  gcc -std=gnu11 -O2 -Inative/build @native/warnings -Werror -c "$1" -o /dev/null &&
    clang --analyze -std=gnu11 -Inative/build --analyzer-output text -Xclang -analyzer-werror "$1" -o /dev/null
}
export -f analyse

mapfile -d '' files < <(find "$@" -name '*.c' -print0 | sort -z)
[ ${#files[@]} -gt 0 ] || { echo "analyse: no C in $*" >&2; exit 1; }
# shellcheck disable=SC2016  # the $1 is of each shell that xargs starts
printf '%s\0' "${files[@]}" | xargs -0 -n1 -P2 bash -c 'analyse "$1"' analyse
