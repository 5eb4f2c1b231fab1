#!/bin/bash
# Writes the TypeScript of the border to C anew from bpf/abi.h and native/metasteer.h (packaging/border).
#
#   packaging/generate.sh [--check]     with --check: only says whether it is up to date
set -euo pipefail
cd "$(dirname "$0")/.."

# The generator is built on its own: what it writes may be what keeps the rest from compiling.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
node_modules/.bin/tsc packaging/border/main.ts --ignoreConfig --outDir "$work/border" --rewriteRelativeImportExtensions \
  --module nodenext --target es2023 --types node --skipLibCheck
node "$work/border/main.js" . "$work/fresh"

stale=0
while read -r file; do
  if [ "${1-}" != --check ]; then
    cp "$work/fresh/$file" "$file"
  elif ! diff -u "$file" "$work/fresh/$file"; then
    echo "$file is stale: run npm run generate" >&2
    stale=1
  fi
done < <(cd "$work/fresh" && find . -type f -printf '%P\n' | sort)
exit $stale
