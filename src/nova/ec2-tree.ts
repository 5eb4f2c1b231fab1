import { notFound, TEXT, unknownError } from './answer.ts';
import type { Document } from './document.ts';
import type { NovaInstance } from './instance.ts';

/** In the order of time. */
export const EC2_VERSIONS = [
  '1.0',
  '2007-01-19',
  '2007-03-01',
  '2007-08-29',
  '2007-10-10',
  '2007-12-15',
  '2008-02-01',
  '2008-09-01',
  '2009-04-04',
] as const;

/** A folder; its order is of no meaning. The name under which a folder is listed may be given as `_name`. */
interface Folder {
  readonly [name: string]: Value;
}
type Value = string | Uint8Array | readonly string[] | Folder;

/**
 * What is at a path of the EC2 tree (contract.md 4).
 *
 * @param path version first
 * @throws {Refusal} 404 when there is nothing, 500 right below a value, as nova fails there
 */
export function ec2Document(instance: NovaInstance, path: readonly string[], forwardedFor?: string): Document {
  const [version = '', ...below] = path;
  const asked = (EC2_VERSIONS as readonly string[]).indexOf(version);
  const index = version === 'latest' ? EC2_VERSIONS.length - 1 : asked;
  if (index === -1) throw notFound();
  const root = {
    'meta-data': metaData(instance, index, forwardedFor),
    ...(instance.userData && { 'user-data': instance.userData }),
  };
  return { contentType: TEXT, body: printed(valueAt(root, below)) };
}

function metaData(instance: NovaInstance, version: number, forwardedFor: string | undefined): Folder {
  const { hostname, key } = instance;
  const since = (first: (typeof EC2_VERSIONS)[number]) => version >= EC2_VERSIONS.indexOf(first);
  return {
    'ami-id': instance.amiId,
    'ami-launch-index': String(instance.launchIndex),
    // What nova says: it never had one.
    'ami-manifest-path': 'FIX' + 'ME',
    'instance-id': instance.ec2Id,
    hostname,
    'local-ipv4': instance.localIpv4 ?? forwardedFor ?? 'None',
    'reservation-id': instance.reservationId,
    'security-groups': instance.securityGroups,
    ...(key && { 'public-keys': { '0': { _name: `0=${key.name}`, 'openssh-key': key.data } } }),
    ...(since('2007-01-19') && {
      'local-hostname': hostname,
      'public-hostname': hostname,
      'public-ipv4': instance.publicIpv4,
    }),
    ...(since('2007-08-29') && { 'instance-type': instance.instanceType }),
    ...(since('2007-12-15') && {
      'block-device-mapping': instance.blockDeviceMapping,
      ...(instance.kernelId && { 'kernel-id': instance.kernelId }),
      ...(instance.ramdiskId && { 'ramdisk-id': instance.ramdiskId }),
    }),
    ...(since('2008-02-01') && { placement: { 'availability-zone': instance.availabilityZone } }),
    ...(since('2008-09-01') && { 'instance-action': 'none' }),
  };
}

function valueAt(root: Folder, path: readonly string[]): Value {
  let value: Value = root;
  for (const [index, name] of path.entries()) {
    if (isFolder(value)) {
      const child: Value | undefined = Object.hasOwn(value, name) ? value[name] : undefined;
      if (child === undefined) throw notFound();
      value = child;
    } else if (Array.isArray(value)) {
      throw value.includes(name) ? unknownError() : notFound();
    } else {
      throw index === path.length - 1 ? unknownError() : notFound();
    }
  }
  return value;
}

/** A folder as the sorted names in it, with a slash behind those of folders that have no `_name`. */
function printed(value: Value): string | Uint8Array {
  if (Array.isArray(value)) return value.join('\n');
  if (!isFolder(value)) return value as string | Uint8Array;
  const names = Object.entries(value)
    .filter(([name]) => name !== '_name')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, child]) => {
      if (!isFolder(child)) return name;
      return typeof child['_name'] === 'string' ? child['_name'] : `${name}/`;
    });
  return names.join('\n');
}

function isFolder(value: Value): value is Folder {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
}
