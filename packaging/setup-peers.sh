#!/bin/bash
# Gets the real programs that test/interop/ puts before and behind the proxy, and those that judge the packages. Safe to run
# again and again.
#
#   packaging/setup-peers.sh [--quiet]
#
# Installs missing packages when it runs as root; otherwise it prints the command that does. python3-nova, cloud-init,
# cloud-guest-utils and prometheus are only unpacked, below node_modules/.cache/: installed, their services would reconfigure this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

quiet=0
[ "${1-}" != --quiet ] || quiet=1
say() { [ "$quiet" = 1 ] || echo "$*"; }

cache=node_modules/.cache/metasteer-peers

# What tells that a package is there, the package, and what it is for.
installed() {
  # Debian names it by the version of clang, which the setup before this one has installed.
  local clang
  clang=$(clang -dumpversion | cut -d. -f1)
  cat <<LIST
/usr/lib/llvm-$clang/lib/clang/*/lib/linux/libclang_rt.fuzzer-*  libclang-rt-$clang-dev  fuzzes what reads bytes of others
/usr/lib/python3/dist-packages/webob/__init__.py       python3-webob       parses requests as agents since 2025.1 do
/usr/lib/python3/dist-packages/netaddr/__init__.py     python3-netaddr     reads addresses as agents do
/usr/lib/python3/dist-packages/neutron/__init__.py     python3-neutron     the agent of the keep-alive generation
/usr/lib/python3/dist-packages/configobj/__init__.py   python3-configobj   cloud-init needs it
/usr/lib/python3/dist-packages/jinja2/__init__.py      python3-jinja2      cloud-init needs it
/usr/lib/python3/dist-packages/jsonpatch.py            python3-jsonpatch   cloud-init needs it
/usr/lib/python3/dist-packages/jsonschema/__init__.py  python3-jsonschema  cloud-init needs it
/usr/lib/python3/dist-packages/netifaces-*             python3-netifaces   cloud-init needs it
/usr/lib/python3/dist-packages/oauthlib/__init__.py    python3-oauthlib    cloud-init needs it
/usr/lib/python3/dist-packages/requests/__init__.py    python3-requests    cloud-init needs it
/usr/lib/python3/dist-packages/yaml/__init__.py        python3-yaml        cloud-init needs it
/usr/bin/slowhttptest                                  slowhttptest        clients that are slow on purpose
/usr/sbin/haproxy                                      haproxy             the proxy that Neutron starts
/usr/bin/dpkg-shlibdeps                                dpkg-dev            builds the Debian packages
/usr/bin/lintian                                       lintian             judges them
/usr/bin/systemd-analyze                               systemd             judges the units
/usr/bin/man                                           man-db              judges the manual pages
/usr/lib/*/faketime/libfaketimeMT.so.1                 libfaketime         moves the clock of a daemon
LIST
}
unpacked() {
  cat <<'LIST'
usr/lib/python3/dist-packages/cloudinit/version.py  cloud-init
usr/bin/ec2metadata                                 cloud-guest-utils
usr/lib/python3/dist-packages/nova/api/metadata/base.py  python3-nova
usr/bin/prometheus                                  prometheus
LIST
}

missing_installed() {
  while read -r file package _; do
    compgen -G "$file" >/dev/null || echo "$package"
  done < <(installed)
}
missing_unpacked() {
  while read -r file package; do
    [ -e "$cache/$file" ] || echo "$package"
  done < <(unpacked)
}

mapfile -t to_install < <(missing_installed)
mapfile -t to_unpack < <(missing_unpacked)
if [ ${#to_install[@]} = 0 ] && [ ${#to_unpack[@]} = 0 ]; then
  say "All peers are here."
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "The peers are Debian packages, and there is no apt-get here: ${to_install[*]} ${to_unpack[*]}" >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  apt-get update -qq
fi
if [ ${#to_install[@]} != 0 ]; then
  command=(apt-get install -y --no-install-recommends "${to_install[@]}")
  if [ "$(id -u)" != 0 ]; then
    echo "These packages are missing. Install them and run this again:" >&2
    echo "  sudo ${command[*]}" >&2
    exit 1
  fi
  echo "Installing ${to_install[*]}"
  DEBIAN_FRONTEND=noninteractive "${command[@]}" -qq >/dev/null
fi

# Downloaded into a folder that apt's own user can write to, and seen in the cache only once it is whole.
downloads=$(mktemp -d)
trap 'rm -rf "$downloads"' EXIT
chmod 755 "$downloads"
if [ "$(id -u)" = 0 ] && id _apt >/dev/null 2>&1; then
  chown _apt "$downloads"
fi
mkdir -p "$cache"
for package in "${to_unpack[@]}"; do
  echo "Unpacking $package"
  (cd "$downloads" && apt-get download -qq "$package")
  dpkg-deb -x "$downloads/$package"_*.deb "$downloads/$package"
  # Its pages and its service are not wanted.
  [ "$package" != prometheus ] || find "$downloads/$package" -type f ! -path '*/usr/bin/prom*' -delete
  cp -a "$downloads/$package/." "$cache/"
done
say "All peers are here."
