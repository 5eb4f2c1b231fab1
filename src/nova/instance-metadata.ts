import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import type { InventoryInstance } from '../agent/inventory.ts';
import { readDurationMs } from '../config/units.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import type { Device } from './devices.ts';

/** The inventory, and the folder that its `file`s are relative to. */
export interface InventoryPlace {
  readonly file: string;
  readonly folder: string;
}

/** More than nova takes (64 KiB in Base64), so that tests can go beyond it. */
const CONTENT_BYTES_MAX = 1024 * 1024;
const FILES_MAX = 1000;

const words = z.record(z.string(), z.string());
const json = z.record(z.string(), z.json());
const publicKey = z
  .union([
    z.string().transform((data) => ({ type: 'ssh', data })),
    z.strictObject({ type: z.enum(['ssh', 'x509']), data: z.string() }),
  ])
  .readonly();

const delay = z.unknown().transform((value, context) => {
  const ms = readDurationMs(value);
  if (ms !== undefined) return ms;
  context.addIssue('expected a duration: seconds, or a number with ms, s, m or h');
  return z.NEVER;
});

const tags = z.array(z.string()).optional();
const bus = z.enum(['pci', 'usb', 'scsi', 'ide', 'xen']).optional();
const placed = { bus, address: z.string().optional(), tags };
const device: z.ZodType<Device> = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('nic'),
    mac: z.string(),
    vlan: z.int().min(0).max(4095).optional(),
    vf_trusted: z.boolean().optional(),
    ...placed,
  }),
  z.strictObject({ type: z.literal('disk'), serial: z.string().optional(), path: z.string().optional(), ...placed }),
  z.strictObject({ type: z.literal('share'), share_id: z.string(), tag: z.string(), ...placed }),
]);

/** The keys of `metadata` in an inventory; docs/demo-nova.md says what each is. */
function schemaIn(folder: string) {
  const bytes = contentIn(folder);
  return z
    .strictObject({
      hostname: z.string().min(1),
      availability_zone: z.string(),
      launch_index: z.int().min(0),
      meta: words,
      public_keys: z.record(z.string(), publicKey).refine((keys) => Object.keys(keys).length <= 1, {
        error: 'nova knows one key pair of an instance',
      }),
      user_data: bytes,
      files: z.array(z.strictObject({ path: z.string(), content: bytes })).max(FILES_MAX),
      network_config: z.string(),
      admin_pass: z.string(),
      devices: z.array(device),
      dedicated_cpus: z.array(z.int().min(0)),
      vendor_data: json,
      vendor_data2: json,
      vendor_data2_delay: delay,
      network_data: json,
      dns: z.array(z.union([z.ipv4(), z.ipv6()])),
      ec2_id: z.string(),
      ami_id: z.string(),
      kernel_id: z.string(),
      ramdisk_id: z.string(),
      reservation_id: z.string(),
      instance_type: z.string(),
      security_groups: z.array(z.string()),
      block_device_mapping: words,
      public_ipv4: z.ipv4(),
    })
    .partial();
}

/** What an inventory says of an instance for nova's sake. */
export type GivenMetadata = z.infer<ReturnType<typeof schemaIn>>;

/** The keys that `metadata` may have. */
export const METADATA_KEYS: readonly string[] = Object.keys(schemaIn('.').shape);

/**
 * Reads an instance's `metadata`, and the files that it names.
 *
 * @throws {MetasteerError} `inventory-invalid`, a line for each problem that names the instance and the key
 */
export function readMetadata({ id, metadata }: InventoryInstance, { file, folder }: InventoryPlace): GivenMetadata {
  const checked = schemaIn(folder).safeParse(metadata ?? {});
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map(({ path, message }) => {
    return `${file}: instance ${id}: ${['metadata', ...path].join('.')}: ${message}`;
  });
  throw new MetasteerError('inventory-invalid', problems.join('\n'));
}

/** Bytes: written as text, as `{base64: …}`, or in a file beside the inventory. */
function contentIn(folder: string) {
  const forms = [z.string(), z.strictObject({ base64: z.base64() }), z.strictObject({ file: z.string() })] as const;
  return z
    .union(forms, { error: 'expected text, {base64: …} or {file: …}' })
    .transform((given, context) => {
      try {
        if (typeof given === 'string') return Buffer.from(given);
        return 'base64' in given ? Buffer.from(given.base64, 'base64') : readBounded(resolve(folder, given.file));
      } catch (error) {
        context.addIssue(messageOf(error));
        return z.NEVER;
      }
    })
    .refine((bytes) => bytes.length <= CONTENT_BYTES_MAX, { error: `expected at most ${CONTENT_BYTES_MAX} bytes` });
}

function readBounded(path: string): Buffer {
  const { size } = statSync(path);
  if (size > CONTENT_BYTES_MAX) throw new Error(`${path} has ${size} bytes; expected at most ${CONTENT_BYTES_MAX}`);
  return readFileSync(path);
}
