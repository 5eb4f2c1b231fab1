#!/bin/bash
# Builds the npm package, for this machine's architecture: ready to run, with the packages it needs, without scripts.
#
#   packaging/npm.sh [FOLDER]      default: dist-packages
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1-dist-packages}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packaging/stage.sh "$work/metasteer"
cp README.md "$work/metasteer/"
mkdir -p "$out"
(cd "$work/metasteer" && npm pack --silent --pack-destination "$out" >/dev/null)
name=metasteer-$(node -p 'require("./package.json").version')
packaging/sbom.sh >"$out/$name.cdx.json"
echo "$out/$name.tgz"
