#!/bin/bash
# Everything that can be said about the sources without running them.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== format and lint"
node_modules/.bin/biome check .
echo "== types"
node_modules/.bin/tsc --noEmit -p tsconfig.json
echo "== generated files"
packaging/generate.sh --check
echo "== C"
packaging/analyse.sh
echo "== figures in README"
node dist/bench/figures.js --check
echo "== shell"
if command -v shellcheck >/dev/null; then
  shellcheck packaging/*.sh packaging/deb/{metasteer,haproxy-divert,postinst,prerm,postrm} test/kernels/*.sh .ci/run
else
  echo "shellcheck is not installed: skipped (apt-get install shellcheck)"
fi
