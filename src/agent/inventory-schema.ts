import * as z from 'zod';
import { checked, unexpected } from '../config/values.ts';
import { type ClientAddress, isLinkLocal, parseClientAddress } from '../identity/client-address.ts';
import { type MacAddress, parseMacAddress } from '../identity/mac-address.ts';
import { type Owner, type OwnerId, type OwnerKind, parseOwnerId } from '../identity/owner-id.ts';
import { type AddressRange, parseRange } from './address-range.ts';
import { isProjectId, parseInstanceId } from './instance-id.ts';

/** Where an instance may ask from. */
export interface InventoryPort {
  /** Routers and networks the port is behind or on; at least one. */
  readonly owners: readonly Owner[];
  /** Not link-local: those follow from the MAC. */
  readonly addresses: readonly ClientAddress[];
  /** Where it is given, frames of others are not this port's. */
  readonly mac?: MacAddress;
  /** Further MACs whose frames may carry some of the addresses, where there are any. */
  readonly pairs?: readonly AddressPair[];
}

/** An allowed address pair; without a MAC it has the port's. */
export interface AddressPair {
  readonly range: AddressRange;
  readonly mac?: MacAddress;
}

export interface InventoryInstance {
  readonly id: string;
  readonly project: string;
  readonly name?: string;
  readonly ports: readonly InventoryPort[];
  /** As in the file, for the embedded metadata service. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const OWNER_KEYS: Readonly<Record<string, OwnerKind>> = {
  router: 'router',
  network: 'network',
  ovn_network: 'ovn-network',
};

const uuid = (value: unknown) => (typeof value === 'string' ? parseOwnerId(value) : undefined);

/** One UUID or several. */
function readOwnerIds(value: unknown): readonly OwnerId[] | undefined {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  const ids = given.flatMap((each) => uuid(each) ?? []);
  return given.length > 0 && ids.length === given.length ? ids : undefined;
}

function readAddress(value: unknown): ClientAddress | undefined {
  const address = typeof value === 'string' ? parseClientAddress(value) : undefined;
  return address === undefined || isLinkLocal(address) ? undefined : address;
}

function listOf<Item extends z.ZodType>(item: Item, expects: string) {
  return z.array(item, { error: (issue) => unexpected(expects, issue.input) });
}

/** Words for what is no mapping; unknown keys get theirs where their place is known. */
function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape, expects: string) {
  const words = (issue: { readonly code?: string; readonly input?: unknown }) =>
    issue.code === 'invalid_type' ? unexpected(expects, issue.input) : undefined;
  return z.strictObject(shape, { error: words });
}

const mac = checked(
  (value) => (typeof value === 'string' ? parseMacAddress(value) : undefined),
  'a MAC address such as fa:16:3e:00:00:0b',
).optional();

/** As Neutron writes them, so that they can be copied. */
const pairSchema = mapping(
  {
    ip_address: checked(
      (value) => (typeof value === 'string' ? parseRange(value) : undefined),
      'an IP address, or one with a prefix length such as 10.0.0.0/24',
    ),
    mac_address: mac,
  },
  'a mapping with ip_address and mac_address',
).transform(({ ip_address: range, mac_address }): AddressPair => {
  return { range, ...(mac_address !== undefined && { mac: mac_address }) };
});

const ownerIds = checked(readOwnerIds, 'a UUID or a list of UUIDs').optional();

const portSchema = mapping(
  {
    router: ownerIds,
    network: ownerIds,
    ovn_network: ownerIds,
    addresses: listOf(
      checked(readAddress, 'an IP address without zone or prefix, not link-local (those follow from the MAC)'),
      'a list of IP addresses',
    ).default([]),
    mac,
    allowed_address_pairs: listOf(pairSchema, 'a list of allowed address pairs').optional(),
  },
  'a mapping with router, network or ovn_network, addresses and mac',
)
  .superRefine(({ router, network, ovn_network, addresses, mac, allowed_address_pairs: pairs }, context) => {
    if (router === undefined && network === undefined && ovn_network === undefined) {
      context.addIssue({ code: 'custom', message: 'is behind nothing: give router, network or ovn_network' });
    }
    if (addresses.length === 0 && mac === undefined) {
      context.addIssue({ code: 'custom', message: 'cannot be recognised: give addresses, mac or both' });
    }
    if (pairs !== undefined && mac === undefined) {
      const message = 'say nothing without mac: a port whose MAC is not given may have any';
      context.addIssue({ code: 'custom', path: ['allowed_address_pairs'], message });
    }
  })
  .transform((port): InventoryPort => {
    const ids = { router: port.router, network: port.network, ovn_network: port.ovn_network };
    const owners = Object.entries(ids).flatMap(([key, given = []]): readonly Owner[] => {
      const kind = OWNER_KEYS[key];
      return kind === undefined ? [] : given.map((id) => ({ kind, id }));
    });
    const { addresses, mac: own, allowed_address_pairs: pairs } = port;
    return { owners, addresses, ...(own !== undefined && { mac: own }), ...(pairs !== undefined && { pairs }) };
  });

const text = (accepts: (value: string) => boolean, expects: string) =>
  checked((value) => (typeof value === 'string' && accepts(value) ? value : undefined), expects);

const instanceSchema = mapping(
  {
    id: checked((value) => (typeof value === 'string' ? parseInstanceId(value) : undefined), 'the UUID of an instance'),
    // 32 digits without a letter, or with one e, are a number to YAML.
    project: text(isProjectId, 'the id of a project, in quotes where it looks like a number'),
    name: text((value) => /^[^\p{Cc}]{1,255}$/u.test(value), 'a name of 1 to 255 characters').optional(),
    ports: listOf(portSchema, 'a list of ports'),
    metadata: z.record(z.string(), z.unknown(), { error: (issue) => unexpected('a mapping', issue.input) }).optional(),
  },
  'a mapping with id, project and ports',
).transform(({ id, project, name, ports, metadata }): InventoryInstance => {
  return { id, project, ports, ...(name !== undefined && { name }), ...(metadata !== undefined && { metadata }) };
});

const topShape = { instances: listOf(instanceSchema, 'a list of instances') };

/** A whole inventory file. Its issues have a path and words, but no place. */
export const inventorySchema = mapping(topShape, 'a mapping with instances').superRefine(({ instances }, context) => {
  const first = new Map<string, number>();
  for (const [index, { id }] of instances.entries()) {
    const before = first.get(id);
    if (before === undefined) first.set(id, index);
    else {
      const message = `instances[${before}] has the same id`;
      context.addIssue({ code: 'custom', path: ['instances', index, 'id'], message });
    }
  }
});

export const TOP_KEYS: readonly string[] = Object.keys(topShape);
export const INSTANCE_KEYS: readonly string[] = ['id', 'project', 'name', 'ports', 'metadata'];
export const PORT_KEYS: readonly string[] = [...Object.keys(OWNER_KEYS), 'addresses', 'mac', 'allowed_address_pairs'];
export const PAIR_KEYS: readonly string[] = ['ip_address', 'mac_address'];
