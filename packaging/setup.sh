#!/bin/bash
# Makes a fresh clone ready to run: Debian/Ubuntu packages, npm packages, build. Safe to run again and again.
#
#   packaging/setup.sh [--quiet]
#
# Installs missing packages when it runs as root; otherwise it prints the command that does.
set -euo pipefail
cd "$(dirname "$0")/.."

quiet=0
[ "${1-}" != --quiet ] || quiet=1
say() { [ "$quiet" = 1 ] || echo "$*"; }

# What each command or file is for, and the package it comes from.
needed() {
  cat <<'LIST'
clang          clang             compiles the BPF programs, reads the headers, analyses the rest of the C
llvm-strip     llvm              strips them
bpftool        bpftool           looks at loaded programs (tests, benchmarks)
gcc            gcc               compiles the shim
g++            g++               compiles the FFI package
make           make              runs both builds
python3        python3           builds the FFI package; a stub agent of the tests
ip             iproute2          namespaces and links (demo, tests)
iptables       iptables          Neutron's rules (demo, tests)
tcpdump        tcpdump           captures (tests)
conntrack      conntrack         counts connections (demo, tests)
curl           curl              the instances' client (demo, tests)
tc             iproute2          looks at filters (tests)
ping           iputils-ping      ICMP (tests)
setpriv        util-linux        drops privileges (tests)
openssl        openssl           certificates (tests)
LIST
}
files() {
  cat <<'LIST'
/usr/include/bpf/bpf_helpers.h        libbpf-dev
/usr/include/libmnl/libmnl.h          libmnl-dev
/usr/include/linux/bpf.h              linux-libc-dev
/usr/bin/python3                      python3
LIST
}

missing_packages() {
  while read -r command package _; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null || echo "$package"
  done < <(needed)
  while read -r file package; do
    [ -e "$file" ] || echo "$package"
  done < <(files)
}

install_packages() {
  local packages
  packages=$(missing_packages | sort -u | tr '\n' ' ')
  [ -n "$packages" ] || return 0
  local command="apt-get install -y --no-install-recommends $packages"
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "These packages are missing. Install them and run this again:" >&2
    echo "  sudo $command" >&2
    exit 1
  fi
  echo "Installing $packages"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $command -qq >/dev/null
}

# npm leaves a copy of the lock file; when it is as new as ours, its packages are ours.
install_npm_packages() {
  [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ] || return 0
  echo "Installing npm packages"
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
}

check_node() {
  # shellcheck disable=SC2016  # the ${} belong to JavaScript
  node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    if (major < 20 || (major === 20 && minor < 18)) {
      console.error(`Node ${process.versions.node} is too old: 20.18 or newer is needed.`);
      process.exit(1);
    }'
}

check_node
install_packages
install_npm_packages
packaging/build.sh
say "Ready. Next: npm run demo"
