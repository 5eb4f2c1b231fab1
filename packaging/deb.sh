#!/bin/bash
# Builds the Debian packages metasteer and metasteer-node.
#
#   packaging/deb.sh [FOLDER [PACKAGE]]      default: dist-packages, and both
#
# Needs dpkg-dev. The same sources give the same bytes: times are those of the last commit.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1-dist-packages}")
command -v dpkg-shlibdeps >/dev/null || { echo "deb: install dpkg-dev" >&2; exit 1; }

version=$(node -p 'require("./package.json").version')-1
arch=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The dependencies on libraries of the programs given.
libraries() {
  mkdir -p "$work/shlibs/debian"
  printf 'Source: metasteer\n\nPackage: metasteer\nArchitecture: any\n' >"$work/shlibs/debian/control"
  (cd "$work/shlibs" && dpkg-shlibdeps -O "${@/#/-e}" 2>/dev/null | sed 's/^shlibs:Depends=//')
}

# Writes control data and builds the package in the tree given.
build() {
  local name=$1 tree=$2 doc=$2/usr/share/doc/$1 shlibs=$3
  mkdir -p "$tree/DEBIAN" "$doc" "$tree/usr/share/lintian/overrides"
  cp "packaging/deb/overrides.$name" "$tree/usr/share/lintian/overrides/$name"
  gzip -9n <packaging/deb/changelog >"$doc/changelog.Debian.gz"
  local size
  size=$(du -k -s --apparent-size "$tree" | cut -f1)
  sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/; s/@SHLIBS@/$shlibs/; s/@NODE@/$(node -p process.versions.node)/" \
    "packaging/deb/control.$name" >"$tree/DEBIAN/control"
  (cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  find "$tree" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --build "$tree" "$out/${name}_${version}_$arch.deb" >/dev/null
  echo "$out/${name}_${version}_$arch.deb"
}

main_package() {
  local tree=$work/metasteer app=$work/metasteer/usr/lib/metasteer
  mkdir -p "$tree"/{usr/bin,usr/sbin,usr/lib/systemd/system,etc/metasteer,usr/share/man,usr/share/doc/metasteer}
  packaging/stage.sh "$app"
  install -m 755 packaging/deb/metasteer "$tree/usr/bin/metasteer"
  install -m 755 packaging/deb/haproxy-divert "$app/haproxy-divert"
  ln -s ../lib/metasteer/native/build/metasteer-haproxy "$tree/usr/sbin/metasteer-haproxy"
  install -m 644 packaging/systemd/*.service "$tree/usr/lib/systemd/system/"
  install -m 644 packaging/deb/{metasteer.yaml,haproxy-shim.conf} "$tree/etc/metasteer/"
  # For files with secrets, which systemd passes on to the agent.
  install -d -m 700 "$tree/etc/metasteer/credentials"

  for page in "$app"/man/*; do
    install -D -m 644 "$page" "$tree/usr/share/man/man${page##*.}/$(basename "$page")"
  done
  gzip -9n "$tree"/usr/share/man/man?/*
  gzip -9n <"$app/CHANGELOG.md" >"$tree/usr/share/doc/metasteer/changelog.gz"
  copyrights "$app" >"$tree/usr/share/doc/metasteer/copyright"
  packaging/sbom.sh >"$tree/usr/share/doc/metasteer/sbom.cdx.json"
  # They are in the file copyright.
  find "$app" -type f \( -iname 'license*' -o -iname 'licence*' \) -not -name "*.js" -delete
  rm -r "$app"/{man,licenses,CHANGELOG.md}
  # /usr/bin/metasteer says which Node runs it.
  sed -i 1d "$app/dist/cli/main.js"
  chmod 644 "$app/dist/cli/main.js"

  mkdir "$tree/DEBIAN"
  install -m 755 packaging/deb/{postinst,prerm,postrm} "$tree/DEBIAN/"
  printf '/etc/metasteer/%s\n' haproxy-shim.conf metasteer.yaml >"$tree/DEBIAN/conffiles"
  mapfile -t programs < <(find "$app" -type f \( -name '*.so' -o -name '*.node' -o -name metasteer-launch \))
  build metasteer "$tree" "$(libraries "${programs[@]}")"
}

# Every licence text once, with whose it is.
copyrights() {
  cat packaging/deb/copyright
  find "$1" -type f \( -iname 'license*' -o -iname 'licence*' \) -not -name '*.js' -not -path "$1/LICENSE" \
    -not -name LICENSE-GPL-2.0 | LC_ALL=C sort -r | while read -r file; do
    printf '\n\n---- %s\n\n' "${file#"$1"/}"
    cat "$file"
  done
}

node_package() {
  local tree=$work/metasteer-node node license
  node=$(realpath "$(command -v node)")
  license=$(find /usr/share/doc/nodejs "$(dirname "$node")/.." -maxdepth 1 -name LICENSE 2>/dev/null | head -1)
  if ldd "$node" | grep -q libnode || [ -z "$license" ]; then
    echo "deb: metasteer-node is not built: $node is not the whole of Node, or its licence is not beside it" >&2
    return
  fi
  mkdir -p "$tree/usr/lib/metasteer" "$tree/usr/share/doc/metasteer-node"
  install -m 755 "$node" "$tree/usr/lib/metasteer/node"
  strip --strip-unneeded "$tree/usr/lib/metasteer/node"
  cp "$license" "$tree/usr/share/doc/metasteer-node/copyright"
  build metasteer-node "$tree" "$(libraries "$tree/usr/lib/metasteer/node")"
}

mkdir -p "$out"
case ${2-both} in
  metasteer) main_package ;;
  metasteer-node) node_package ;;
  both)
    main_package
    node_package
    ;;
  *)
    echo "deb: there is no package $2" >&2
    exit 2
    ;;
esac
