/** Real programs that take part in tests: where they are, and what happens when one is missing. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ROOT } from '../tidy/sources.ts';

/** Where packaging/setup-peers.sh unpacks what it does not install. */
export const UNPACKED = join(ROOT, 'node_modules/.cache/metasteer-peers');

const PACKAGES = '/usr/lib/python3/dist-packages';

const LIBRARIES = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
/** Moves the clock of a process that it is preloaded to. */
export const FAKETIME = `${LIBRARIES}/faketime/libfaketimeMT.so.1`;

/** A file, or the beginning of its name, that tells whether a peer is there. */
const PEERS = {
  'python3-webob': `${PACKAGES}/webob`,
  'python3-netaddr': `${PACKAGES}/netaddr`,
  'python3-neutron': `${PACKAGES}/neutron`,
  'python3-requests': `${PACKAGES}/requests`,
  slowhttptest: '/usr/bin/slowhttptest',
  haproxy: '/usr/sbin/haproxy',
  'cloud-init': join(UNPACKED, 'usr/lib/python3/dist-packages/cloudinit'),
  'python3-jsonschema': `${PACKAGES}/jsonschema`,
  'python3-configobj': `${PACKAGES}/configobj`,
  'python3-netifaces': `${PACKAGES}/netifaces`,
  'python3-nova': join(UNPACKED, 'usr/lib/python3/dist-packages/nova'),
  prometheus: join(UNPACKED, 'usr/bin/prometheus'),
  libfaketime: FAKETIME,
  systemd: '/usr/bin/systemd-analyze',
  'cloud-guest-utils': join(UNPACKED, 'usr/bin/ec2metadata'),
} as const;

export type Peer = keyof typeof PEERS;

/**
 * What `describe` gets as `skip` in tests that need peers. In CI nothing is skipped.
 *
 * @throws {AssertionError} in CI, when one is missing
 */
export function unlessThere(...peers: readonly Peer[]): false | string {
  const missing = peers.filter((peer) => !isThere(PEERS[peer]));
  if (missing.length === 0) return false;
  const message = `missing: ${missing.join(', ')}; packaging/setup-peers.sh gets them`;
  assert.notEqual(process.env['CI'], 'true', message);
  return message;
}

function isThere(path: string): boolean {
  try {
    return readdirSync(dirname(path)).some((name) => name.startsWith(basename(path)));
  } catch {
    return false;
  }
}
