import { dirname } from 'node:path';
import type { Inventory, InventoryInstance } from '../agent/inventory.ts';
import type { Device } from './devices.ts';
import { type GivenMetadata, readMetadata } from './instance-metadata.ts';
import { type NetworkData, networkDataOf } from './network-data.ts';

/** An instance with all that is shown of it: what the inventory says, and for the rest what nova would say by itself. */
export interface NovaInstance {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly hostname: string;
  readonly availabilityZone: string;
  readonly launchIndex: number;
  readonly meta: Readonly<Record<string, string>>;
  /** Nova knows one key pair of an instance, or none. */
  readonly key?: { readonly name: string; readonly type: string; readonly data: string } | undefined;
  readonly userData?: Uint8Array | undefined;
  readonly adminPass?: string | undefined;
  readonly devices: readonly Device[];
  readonly dedicatedCpus: readonly number[];
  readonly vendorData: Readonly<Record<string, unknown>>;
  readonly vendorData2: Readonly<Record<string, unknown>>;
  readonly vendorData2DelayMs: number;
  readonly networkData: NetworkData | Readonly<Record<string, unknown>>;
  readonly networkConfig?: FileEntry | undefined;
  readonly files: readonly FileEntry[];
  /** What is under /openstack/content, by number. */
  readonly content: ReadonlyMap<string, string | Uint8Array>;
  readonly ec2Id: string;
  readonly amiId: string;
  readonly kernelId?: string | undefined;
  readonly ramdiskId?: string | undefined;
  readonly reservationId: string;
  readonly instanceType: string;
  readonly securityGroups: readonly string[];
  readonly blockDeviceMapping: Readonly<Record<string, string>>;
  readonly localIpv4?: string | undefined;
  readonly publicIpv4: string;
}

/** Where the content of a file is found, in the words of `meta_data.json`. */
export interface FileEntry {
  readonly path?: string;
  readonly name?: string;
  readonly content_path: string;
}

/**
 * All instances of an inventory, by id.
 *
 * @param path of the inventory: what it names as `file` is beside it
 * @throws {MetasteerError} `inventory-invalid`, naming instance and key
 */
export function novaInstances({ instances }: Inventory, path: string): ReadonlyMap<string, NovaInstance> {
  return new Map(
    instances.map((instance, index) => {
      const given = readMetadata(instance, { file: path, folder: dirname(path) });
      return [instance.id, novaInstance(instance, index, given)];
    }),
  );
}

function novaInstance(instance: InventoryInstance, index: number, given: GivenMetadata): NovaInstance {
  const { id, project, name = `Server ${id}`, ports } = instance;
  const addresses = ports.flatMap((port) => port.addresses);
  const vendorData = given.vendor_data ?? {};
  const [key] = Object.entries(given.public_keys ?? {});
  return {
    id,
    project,
    name,
    hostname: given.hostname ?? `${hostLabel(name)}.novalocal`,
    availabilityZone: given.availability_zone ?? 'nova',
    launchIndex: given.launch_index ?? 0,
    meta: given.meta ?? {},
    key: key && { name: key[0], ...key[1] },
    userData: given.user_data,
    adminPass: given.admin_pass,
    devices: given.devices ?? [],
    dedicatedCpus: (given.dedicated_cpus ?? []).toSorted((a, b) => a - b),
    vendorData,
    vendorData2: { static: vendorData, ...given.vendor_data2 },
    vendorData2DelayMs: given.vendor_data2_delay ?? 0,
    networkData: given.network_data ?? networkDataOf(instance, given.dns ?? []),
    ...contentOf(given),
    // Nova counts its instances in hexadecimal.
    ec2Id: given.ec2_id ?? `i-${(index + 1).toString(16).padStart(8, '0')}`,
    amiId: given.ami_id ?? 'ami-00000001',
    kernelId: given.kernel_id,
    ramdiskId: given.ramdisk_id,
    reservationId: given.reservation_id ?? `r-${id.slice(0, 8)}`,
    instanceType: given.instance_type ?? 'm1.small',
    securityGroups: given.security_groups ?? ['default'],
    blockDeviceMapping: given.block_device_mapping ?? { ami: 'vda', root: '/dev/vda' },
    localIpv4: addresses.find((address) => !address.includes(':')),
    publicIpv4: given.public_ipv4 ?? '',
  };
}

/** Nova numbers the network configuration first, then the files. */
function contentOf({ network_config, files = [] }: GivenMetadata) {
  const content = new Map<string, string | Uint8Array>();
  const add = (body: string | Uint8Array): string => {
    const number = String(content.size).padStart(4, '0');
    content.set(number, body);
    return `/content/${number}`;
  };
  return {
    content,
    networkConfig: network_config ? { name: 'network_config', content_path: add(network_config) } : undefined,
    files: files.map(({ path, content: body }) => ({ path, content_path: add(body) })),
  };
}

/** A name as a label of a host name (RFC 1123 section 2.1), much as nova makes it. */
function hostLabel(name: string): string {
  const label = name
    .replaceAll(/[ _.]/g, '-')
    .replaceAll(/[^\w-]+/g, '')
    .toLowerCase()
    .replaceAll(/^-+|-+$/g, '');
  return label.slice(0, 63) || 'server';
}
