import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import { z } from 'zod';
import { MetasteerError, messageOf } from '../errors.ts';
import { type ClientAddress, parseClientAddress } from '../identity/client-address.ts';
import { type MacAddress, parseMacAddress } from '../identity/mac-address.ts';
import { type OwnerId, parseOwnerId } from '../identity/owner-id.ts';

/** One interface of an instance. At least one owner is named, all of those that lead to it. */
export interface InventoryPort {
  readonly router?: OwnerId | undefined;
  readonly network?: OwnerId | undefined;
  readonly ovn_network?: OwnerId | undefined;
  readonly addresses: readonly ClientAddress[];
  readonly mac?: MacAddress | undefined;
}

export interface InventoryInstance {
  /** UUID in lower case. */
  readonly id: string;
  readonly project: string;
  readonly name?: string | undefined;
  readonly ports: readonly InventoryPort[];
  /** What the embedded nova shows of it; `src/nova/instance-metadata.ts` knows its keys. */
  readonly metadata?: unknown;
}

/** Instances by hand, in the place of Neutron's and nova's databases. */
export interface Inventory {
  readonly instances: readonly InventoryInstance[];
}

/** Problems reported at once. */
const REPORTED_MAX = 20;
const ALIASES_MAX = 100;
const OWNERS = ['router', 'network', 'ovn_network'] as const;

// YAML takes ids of digits alone, or with one `e` in them, for numbers.
const text = z.string({ error: 'expected text; quote what looks like a number' }).min(1);
const ownerId = readAs(parseOwnerId, 'expected a UUID');
const portSchema = z
  .strictObject({
    router: ownerId.optional(),
    network: ownerId.optional(),
    ovn_network: ownerId.optional(),
    addresses: z.array(readAs(parseClientAddress, 'expected an IP address without a zone')).min(1),
    mac: readAs(parseMacAddress, 'expected a MAC address such as fa:16:3e:00:00:0b').optional(),
  })
  .refine((port) => OWNERS.some((owner) => port[owner] !== undefined), {
    message: `one of ${OWNERS.join(', ')} is required`,
  });
const instanceSchema = z.strictObject({
  // The form of its UUID is that of an owner's, but it is none.
  id: readAs((text): string | undefined => parseOwnerId(text), 'expected a UUID'),
  project: text,
  name: text.optional(),
  ports: z.array(portSchema),
  metadata: z.unknown().optional(),
});
const inventorySchema = z.strictObject({ instances: z.array(instanceSchema) });

/**
 * Reads the text of an inventory; `path` is only for messages.
 *
 * @throws {MetasteerError} `inventory-invalid`; the message has a line `FILE:LINE: key: what is wrong` per problem
 */
export function parseInventory(text: string, path: string): Inventory {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults: readonly YAMLError[] = [...document.errors, ...document.warnings];
  if (faults.length > 0)
    throw invalid(faults.map(({ pos, message }) => `${path}:${lineOf(lines, pos[0])}: ${message}`));
  let values: unknown;
  try {
    values = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw invalid([`${path}:1: ${messageOf(error)}`]);
  }
  const place = (at: readonly PropertyKey[]): string => {
    for (let depth = at.length; depth > 0; depth--) {
      const node = document.getIn(at.slice(0, depth), true);
      const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
      if (Array.isArray(range)) return `${path}:${lineOf(lines, Number(range[0]))}: ${keyText(at)}`;
    }
    return `${path}:1: ${keyText(at)}`;
  };
  const checked = inventorySchema.safeParse(values);
  if (!checked.success) throw invalid(checked.error.issues.map(({ path: at, message }) => `${place(at)}: ${message}`));
  const twice = repeated(checked.data.instances.map(({ id }) => id));
  if (twice !== undefined) throw invalid([`${place(['instances', twice, 'id'])}: another instance has the same id`]);
  return checked.data;
}

function readAs<Value>(parse: (text: string) => Value | undefined, expected: string) {
  return z.string({ error: expected }).transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue(expected);
    return z.NEVER;
  });
}

/** Index of the first value that was there before. */
function repeated(values: readonly string[]): number | undefined {
  const seen = new Set<string>();
  const index = values.findIndex((value) => seen.size === seen.add(value).size);
  return index === -1 ? undefined : index;
}

function invalid(problems: readonly string[]): MetasteerError {
  const more = problems.length > REPORTED_MAX ? [`and ${problems.length - REPORTED_MAX} more problems`] : [];
  return new MetasteerError('inventory-invalid', [...problems.slice(0, REPORTED_MAX), ...more].join('\n'));
}

function lineOf(lines: LineCounter, offset: number): number {
  return Math.max(1, lines.linePos(offset).line);
}

function keyText(at: readonly PropertyKey[]): string {
  if (at.length === 0) return 'the file';
  return at
    .map((step, depth) => (typeof step === 'number' ? `[${step}]` : `${depth > 0 ? '.' : ''}${String(step)}`))
    .join('');
}
