#!/bin/bash
# Runs inside the guest that kernel-run.sh boots, as root:   guest.sh DIST OVS_ROOT|- WIRING...
# OVS_ROOT is a folder into which Debian's openvswitch packages were unpacked.
set -euo pipefail
dist=$1 ovs=$2
shift 2

# Kernel messages stay out of the results; the tests look for warnings in dmesg.
sysctl -qw kernel.printk=1

if [ "$ovs" != - ]; then
  export PATH=$ovs/usr/lib/openvswitch-switch:$ovs/usr/sbin:$ovs/usr/bin:$PATH
  LD_LIBRARY_PATH=$(find "$ovs/usr/lib" -maxdepth 1 -type d -name '*-linux-gnu' -print -quit)
  export LD_LIBRARY_PATH
  state=/run/openvswitch
  export OVS_RUNDIR=$state OVS_LOGDIR=$state OVS_DBDIR=$state OVS_SYSCONFDIR=$state
  export OVS_PKGDATADIR=$ovs/usr/share/openvswitch
  mkdir -p $state
  modprobe openvswitch
  ovsdb-tool create $state/conf.db "$OVS_PKGDATADIR/vswitch.ovsschema"
  ovsdb-server --remote=punix:$state/db.sock --pidfile --detach --log-file $state/conf.db 2>/dev/null
  ovs-vsctl --no-wait init
  ovs-vswitchd --pidfile --detach --log-file unix:$state/db.sock 2>/dev/null
  ovs-vswitchd --version | head -n 1
fi

node "$dist/test/kernels/main.js" "$@"
