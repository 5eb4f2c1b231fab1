import { randomBytes } from 'node:crypto';
import type { InventoryInstance } from './inventory.ts';

export interface Document {
  readonly contentType: 'text/plain; charset=UTF-8' | 'application/json';
  readonly body: string | Uint8Array;
}

/**
 * A directory lists its children; a leaf is made afresh for every request.
 * A child named `0=key` is listed so, and read as `0`: that is how EC2 shows public keys.
 */
interface Directory {
  readonly [name: string]: Directory | (() => Document);
}

const EC2_VERSIONS =
  '1.0 2007-01-19 2007-03-01 2007-08-29 2007-10-10 2007-12-15 2008-02-01 2008-09-01 2009-04-04 latest';
const OPENSTACK_VERSIONS =
  '2012-08-10 2013-04-04 2013-10-17 2015-10-15 2016-06-30 2016-10-06 2017-02-22 2018-08-27 2020-10-14 2025-04-04 latest';

/** What `/` and `/ec2` answer; nova gives it to anybody (contract.md 4). */
export const ROOT_LISTING = text(EC2_VERSIONS.split(' ').join('\n'));

/**
 * The document at a path of an instance's metadata, in both of nova's trees (contract.md 4); undefined when there is
 * none. Every version shows the same documents: guests choose the version they know.
 */
export function lookUp(instance: InventoryInstance, path: string): Document | undefined {
  const [first = '', ...rest] = path.split('?', 1)[0]?.split('/').filter(Boolean) ?? [];
  if (first === 'openstack') {
    const [version, ...below] = rest;
    if (version === undefined) return text(OPENSTACK_VERSIONS.split(' ').join('\n'));
    return OPENSTACK_VERSIONS.split(' ').includes(version) ? walk(openstackTree(instance), below) : undefined;
  }
  return EC2_VERSIONS.split(' ').includes(first) ? walk(ec2Tree(instance), rest) : undefined;
}

function walk(directory: Directory, names: readonly string[]): Document | undefined {
  const [name, ...rest] = names;
  if (name === undefined) return listing(directory);
  const child = Object.entries(directory).find(([key]) => key === name || key.startsWith(`${name}=`))?.[1];
  if (typeof child === 'function') return rest.length === 0 ? child() : undefined;
  return child === undefined ? undefined : walk(child, rest);
}

function listing(directory: Directory): Document {
  return text(
    Object.entries(directory)
      .map(([name, child]) => (typeof child === 'function' || name.includes('=') ? name : `${name}/`))
      .join('\n'),
  );
}

function openstackTree(instance: InventoryInstance): Directory {
  const { userData } = instance;
  return {
    'meta_data.json': () => json(metaData(instance)),
    ...(userData === undefined ? {} : { user_data: () => text(userData) }),
    password: () => text(''),
    'vendor_data.json': () => json({}),
    // Nova gives this one as text/plain (contract.md 4).
    'network_data.json': () => text(JSON.stringify(networkData(instance))),
    'vendor_data2.json': () => json({}),
  };
}

function metaData(instance: InventoryInstance): Readonly<Record<string, unknown>> {
  const keys = instance.publicKeys ?? {};
  return {
    uuid: instance.uuid,
    name: instance.name,
    hostname: hostnameOf(instance),
    project_id: instance.projectId,
    availability_zone: 'nova',
    launch_index: 0,
    meta: { tenant: instance.tenant },
    public_keys: keys,
    keys: Object.entries(keys).map(([name, data]) => ({ name, type: 'ssh', data })),
    devices: [],
    dedicated_cpus: [],
    // Fresh for every request: whoever caches or shares this document breaks the entropy of a guest (contract.md F12).
    random_seed: randomBytes(512).toString('base64'),
  };
}

function networkData({ mac, address }: InventoryInstance): Readonly<Record<string, unknown>> {
  return {
    links: [{ id: 'tap0', type: 'ovs', ethernet_mac_address: mac, mtu: 1500 }],
    networks: [{ id: 'network0', type: 'ipv4', link: 'tap0', ip_address: address, netmask: '255.255.255.0' }],
    services: [],
  };
}

function ec2Tree(instance: InventoryInstance): Directory {
  const { userData } = instance;
  const plain = (value: string) => () => text(value);
  const hostname = plain(hostnameOf(instance));
  const keys = Object.entries(instance.publicKeys ?? {}).map(
    ([name, data], index) => [`${index}=${name}`, { 'openssh-key': plain(data) }] as const,
  );
  return {
    'meta-data': {
      'ami-id': plain('ami-00000001'),
      'ami-launch-index': plain('0'),
      hostname,
      'instance-id': plain(instance.ec2Id),
      'instance-type': plain('m1.small'),
      'local-hostname': hostname,
      'local-ipv4': plain(instance.address),
      placement: { 'availability-zone': plain('nova') },
      'public-hostname': hostname,
      'public-ipv4': plain(''),
      ...(keys.length === 0 ? {} : { 'public-keys': Object.fromEntries(keys) }),
      'security-groups': plain('default'),
    },
    ...(userData === undefined ? {} : { 'user-data': () => text(userData) }),
  };
}

function hostnameOf({ name }: InventoryInstance): string {
  return `${name}.novalocal`;
}

function text(body: string | Uint8Array): Document {
  return { contentType: 'text/plain; charset=UTF-8', body };
}

function json(value: unknown): Document {
  return { contentType: 'application/json', body: JSON.stringify(value) };
}
