#!/bin/bash
# Builds bpf/, native/ and src/, and puts the programs into few files (packaging/bundle.ts). Compiles TypeScript only when a
# source, or a package that is in the programs, is newer than the last build.
set -euo pipefail
cd "$(dirname "$0")/.."

make -s -C bpf
make -s -C native

stamp=dist/.built
if [ -e "$stamp" ] && [ -z "$(find src test bench bpf packaging tsconfig.json package-lock.json node_modules/.package-lock.json -newer "$stamp" \( -name '*.ts' -o -name '*.json' \) -print -quit)" ]; then
  exit 0
fi
# Whole, so that a file whose source is gone does not stay.
rm -rf dist
node_modules/.bin/tsc -p tsconfig.json
node dist/packaging/bundle.js
chmod +x dist/cli/main.js
touch "$stamp"
