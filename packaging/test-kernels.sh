#!/bin/bash
# Boots Debian's kernels 5.10, 6.1 and 6.12 under emulation, one after the other, and runs test/kernels/ in each.
#
#   packaging/test-kernels.sh [WORK_DIR]      default: node_modules/.cache/metasteer-kernels
#
# Kernels and Open vSwitch are downloaded once and unpacked in WORK_DIR; nothing of them is installed, and apt's
# configuration is not touched. As root it installs the emulator; otherwise it prints the command that does.
# Delete WORK_DIR to get newer kernels.
#
# Environment: KERNEL_RUN   kernel-run.sh, default ../shared/tools/kernel-run.sh beside the repository
#              KERNELS      which ones, default "5.10 6.1 6.12"
#              SECONDS_MAX  for one kernel, default 1200
#              DIST         compiled tests, default dist
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

die() {
  echo "test-kernels: $*" >&2
  exit 1
}

# Kernel, the Debian suite that has it, how router interfaces are wired in it.
kernels() {
  cat <<'LIST'
5.10 bullseye veth bridge
6.1 bookworm veth bridge ovs
6.12 trixie veth bridge ovs
LIST
}

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

install_tools() {
  local packages=''
  command -v qemu-system-x86_64 >/dev/null || packages+=' qemu-system-x86'
  command -v kmod >/dev/null || packages+=' kmod'
  command -v cpio >/dev/null || packages+=' cpio'
  [ -e "$keyring" ] || packages+=' debian-archive-keyring'
  [ -n "$packages" ] || return 0
  local command="apt-get install -y --no-install-recommends$packages"
  command -v apt-get >/dev/null || die "there is no apt-get here to install$packages"
  [ "$(id -u)" = 0 ] || die "install these and run this again: sudo $command"
  echo "Installing$packages"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $command -qq >/dev/null
}

# Options that make apt use a suite of Debian from a folder of ours, and nothing of this machine's sources.
apt_options() {
  local folder=$work/apt/$1
  echo "-o Dir::Etc::sourcelist=$folder/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$folder/lists \
-o Dir::Cache=$folder/cache -o APT::Sandbox::User=root -o Acquire::Languages=none"
}

# Unpacks the newest kernel of a suite, once. Says the folder it is in; fails where apt does not offer it.
get_kernel() {
  local suite=$1 target=$work/kernels/$1 options package
  if [ ! -e "$target" ]; then
    mkdir -p "$work/kernels" "$work/apt/$suite/lists/partial" "$work/apt/$suite/cache/archives/partial"
    printf 'deb [signed-by=%s] http://deb.debian.org/debian%s main\n' \
      "$keyring" " $suite" "$keyring" "-security $suite-security" >"$work/apt/$suite/sources.list"
    options=$(apt_options "$suite")
    # shellcheck disable=SC2086
    apt-get $options update -qq >&2 || return 1
    # shellcheck disable=SC2086
    package=$(apt-cache $options depends linux-image-amd64 | awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
    [ -n "$package" ] || return 1
    echo "Downloading $package" >&2
    rm -rf "$target.new"
    KR_APT="$options -qq" "$kernel_run" get "$target.new" "$package" >&2 || return 1
    mv "$target.new" "$target"
  fi
  echo "$target"
}

# Unpacks Open vSwitch and what it needs that is not installed, from this machine's own sources, once.
get_ovs() {
  local target=$work/ovs packages deb
  if [ ! -e "$target" ]; then
    packages=$({
      echo openvswitch-switch
      echo openvswitch-common
      apt-get install -s -qq --no-install-recommends openvswitch-switch | awk '$1 == "Inst" { print $2 }'
    } | sort -u)
    rm -rf "$target.new" "$work/debs"
    mkdir -p "$target.new" "$work/debs"
    echo "Downloading openvswitch-switch" >&2
    # shellcheck disable=SC2086
    (cd "$work/debs" && apt-get -qq -o APT::Sandbox::User=root download $packages >&2) || return 1
    for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$target.new" || return 1; done
    rm -rf "$work/debs"
    mv "$target.new" "$target"
  fi
  echo "$target"
}

# Runs the tests in one kernel; what they say is shown and kept.
test_kernel() {
  local name=$1 suite=$2 kernel ovs=- status=0 log=$work/$1.log
  shift 2
  echo
  if ! kernel=$(get_kernel "$suite"); then
    echo "$name  not run: apt does not offer Debian $suite's kernel" | tee "$log"
    [ "$name" != 6.1 ]
    return
  fi
  case " $* " in *' ovs '*) ovs=$(get_ovs) || die "openvswitch-switch cannot be downloaded" ;; esac
  echo "== Linux $(basename "$kernel"/boot/vmlinuz-* | sed 's/^vmlinuz-//') from Debian $suite: $*"
  "$kernel_run" -m 3072 -t "$seconds_max" "$kernel" test/kernels/guest.sh "$dist" "$ovs" "$@" |
    tee "$log" || status=$?
  case $status in
    0) ;;
    124) echo "$name  not finished within $seconds_max s" | tee -a "$log" ;;
    125) echo "$name  the guest ended by itself: see the kernel's messages in $log" | tee -a "$log" ;;
    *) echo "$name  failed with status $status" >>"$log" ;;
  esac
  return $status
}

work=${1-node_modules/.cache/metasteer-kernels}
dist=${DIST-dist}
seconds_max=${SECONDS_MAX-1200}
kernel_run=${KERNEL_RUN-../shared/tools/kernel-run.sh}
[ -x "$kernel_run" ] || die "there is no kernel-run.sh at $kernel_run: set KERNEL_RUN to where it is"
[ -e "$dist/test/kernels/main.js" ] || die "there is no $dist/test/kernels/main.js: run npm run build first"
kernel_run=$(realpath "$kernel_run")
install_tools
mkdir -p "$work"
work=$(realpath "$work")
case $work in *[[:space:]]*) die "apt's options cannot name a folder with a blank in it: $work" ;; esac

failed=()
names=()
while read -r name suite wirings; do
  case " ${KERNELS-5.10 6.1 6.12} " in *" $name "*) ;; *) continue ;; esac
  names+=("$name")
  # Of its own standard input, so that nothing in it reads the list.
  # shellcheck disable=SC2086
  test_kernel "$name" "$suite" $wirings </dev/null || failed+=("$name")
done < <(kernels)
[ ${#names[@]} != 0 ] || die "KERNELS names none of: $(kernels | cut -d' ' -f1 | tr '\n' ' ')"

echo
echo "== All kernels"
for name in "${names[@]}"; do
  grep -aE "^($name|[0-9.]+[^ ]*)  " "$work/$name.log" | tr -d '\r' || echo "$name  said nothing"
done
[ ${#failed[@]} = 0 ] || die "failed on ${failed[*]}"
