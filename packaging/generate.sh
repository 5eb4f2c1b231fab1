#!/bin/bash
# Writes src/kernel/layout.gen.ts anew from bpf/abi.h and native/metasteer.h.
#
#   packaging/generate.sh [--check]     with --check: only says whether it is up to date
set -euo pipefail
cd "$(dirname "$0")/.."

make -s -C bpf build/layout.json
target=src/kernel/layout.gen.ts
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
# The generator is built on its own: what it writes may be what keeps the rest from compiling.
out=$(mktemp -d)
trap 'rm -rf "$fresh" "$out"' EXIT
node_modules/.bin/tsc bpf/layout.ts --ignoreConfig --outDir "$out" --module nodenext --target es2023 --types node --skipLibCheck
node "$out/layout.js" bpf/build/layout.json >"$fresh"

if [ "${1-}" != --check ]; then
  cp "$fresh" "$target"
elif ! diff -u "$target" "$fresh"; then
  echo "$target is stale: run npm run generate" >&2
  exit 1
fi
