#!/bin/bash
# What others' tools say of the package metasteer: manual pages, units, the package itself. Clean, or explained in
# packaging/deb/overrides.metasteer.
#
#   packaging/check-package.sh
#
# A tool that is not installed is skipped; packaging/setup-peers.sh gets them all.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packaging/deb.sh "$work" metasteer >/dev/null
package=$(echo "$work"/metasteer_*.deb)
tree=$work/tree
dpkg-deb -x "$package" "$tree"

echo "== files"
list="import { BUILT } from './dist/src/kernel/paths.js'; console.log(Object.values(BUILT).join('\n'))"
node --input-type=module -e "$list" | while read -r file; do
  [ -e "$tree/usr/lib/metasteer/$file" ] || { echo "$file is missing" >&2; exit 1; }
done

has() {
  command -v "$1" >/dev/null && return
  [ "${CI-}" != true ] || { echo "$1 is not installed: packaging/setup-peers.sh gets it" >&2; exit 1; }
  echo "$1 is not installed: skipped"
  return 1
}

echo "== manual pages"
if has man; then
  for page in "$tree"/usr/share/man/man?/*; do
    said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
    [ -z "$said" ] || { echo "$(basename "$page"): $said" >&2; exit 1; }
  done
fi

echo "== units"
if has systemd-analyze; then
  # The targets they name are systemd's own; the program they start is the package's.
  mkdir -p "$tree/usr/lib/systemd/system"
  cp -Pn /usr/lib/systemd/system/*.target "$tree/usr/lib/systemd/system/"
  said=$(systemd-analyze verify --root="$tree" --man=no metasteer.service metasteer-agent.service 2>&1) || true
  [ -z "$said" ] || { echo "$said" >&2; exit 1; }
  # Tenths; docs/install.md says what keeps the daemon's so high: it works on the host's networks and mounts.
  systemd-analyze security --offline=true --threshold=58 packaging/systemd/metasteer.service >/dev/null
  systemd-analyze security --offline=true --threshold=20 packaging/systemd/metasteer-agent.service >/dev/null
fi

echo "== package"
if has lintian; then
  lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$package"
fi
