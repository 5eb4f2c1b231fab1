#!/bin/bash
# Writes what the npm packages consist of that are installed with ours, as a CycloneDX document, to standard output.
set -euo pipefail
cd "$(dirname "$0")/.."

# npm calls the whole by the name of its folder.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/metasteer"
cp package.json package-lock.json "$work/metasteer/"
cd "$work/metasteer"
npm sbom --package-lock-only --omit=dev --sbom-format cyclonedx
