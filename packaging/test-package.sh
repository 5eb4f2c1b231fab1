#!/bin/bash
# Installs the packages where nothing of this machine is: the .deb in a fresh Debian 12, the npm package in an empty folder
# without a compiler. Runs what is installed on this machine's kernel. As root, with a network for the first run.
# Where buildah is installed (Debian's, with --no-install-recommends), also builds the container image from the same Debian, without
# a registry, and runs the daemon in it.
#
#   packaging/test-package.sh
#
# The fresh Debian is kept in node_modules/.cache/metasteer-debian; delete it to get a newer one.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "test-package: run it as root" >&2; exit 1; }
cache=$PWD/node_modules/.cache/metasteer-debian
if [ ! -e "$cache/base.tar" ]; then
  command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
  echo "Making a Debian 12 in $cache"
  rm -rf "$cache"
  mkdir -p "$cache"
  # What the packages depend on, and nothing else: no compiler, no Node.
  debootstrap --variant=minbase --include=libbpf1,libmnl0,libstdc++6,iproute2,procps bookworm "$cache/base" >"$cache/log"
  tar -C "$cache/base" --one-file-system -cf "$cache/base.tar.new" .
  rm -rf "$cache/base"
  mv "$cache/base.tar.new" "$cache/base.tar"
fi

work=$(mktemp -d /var/tmp/metasteer-package.XXXXXX)
cleanup() {
  # The tree has mounts of this machine in it while the test runs: nothing is deleted through one.
  if ! grep -q " $work/" /proc/self/mounts; then rm -rf --one-file-system "$work"; fi
}
trap cleanup EXIT
packaging/deb.sh "$work/packages"
packaging/npm.sh "$work/packages"
if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$work"/packages/*.deb
fi
mkdir "$work/root"
tar -C "$work/root" -xf "$cache/base.tar"

# The base image that the Containerfile names, of what debootstrap made.
build_image() {
  local store=("--root" "$work/images/root" "--runroot" "$work/images/run" "--storage-driver" "vfs")
  local base=localhost/debian:12-slim container
  mkdir -p "$work/context/dist-packages"
  ln "$work"/packages/*.deb "$work/context/dist-packages/"
  container=$(buildah "${store[@]}" from scratch)
  buildah "${store[@]}" add -q "$container" "$cache/base.tar" /
  buildah "${store[@]}" commit -q --rm "$container" "$base"
  buildah "${store[@]}" bud -q --isolation chroot --from "$base" -f packaging/container/Containerfile -t metasteer "$work/context"
}
if command -v buildah >/dev/null; then
  echo "Building the container image"
  build_image
  export IMAGE_STORE=$work/images
else
  echo "buildah is not installed: the container image is not built (apt-get install --no-install-recommends buildah)"
fi

PACKAGES=$work/packages ROOT=$work/root node --test --test-timeout=180000 dist/test/package/*.test.js
