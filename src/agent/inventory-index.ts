import { isLinkLocal } from '../identity/client-address.ts';
import { type MacAddress, macOfLinkLocal } from '../identity/mac-address.ts';
import type { Owner } from '../identity/owner-id.ts';
import { covers } from './address-range.ts';
import type { Inventory, InventoryPort } from './inventory.ts';
import type { Asker, Instance } from './source.ts';

/** An inventory's ports by owner and address, and by owner and MAC for link-local askers. One entry for each port. */
export class InventoryIndex {
  readonly #ports = new Map<string, Instance[]>();

  constructor({ instances }: Inventory) {
    for (const { id: instanceId, project: projectId, ports } of instances) {
      const macsOnOwners = macsByOwner(ports);
      for (const port of ports) {
        const forms = [...port.addresses, ...(port.mac === undefined ? [] : [port.mac])];
        // A port counts once even where the file repeats an owner or an address.
        const keys = new Map(
          port.owners.flatMap((owner) => forms.map((form) => [keyOf(owner, form), { owner, form }])),
        );
        for (const [key, { owner, form }] of keys) {
          const macs = port.mac === undefined ? undefined : macsOf(port, form, macsOnOwners.get(keyOf(owner, '')));
          const instance: Instance = { instanceId, projectId, ...(macs !== undefined && { macs }) };
          const others = this.#ports.get(key);
          if (others === undefined) this.#ports.set(key, [instance]);
          else others.push(instance);
        }
      }
    }
  }

  /** The ports an asker may be, by the rules of `InstanceSource.find`. A port whose MAC is not given may have any. */
  find({ owner, address }: Asker): readonly Instance[] {
    const form = isLinkLocal(address) ? macOfLinkLocal(address) : address;
    return form === undefined ? [] : (this.#ports.get(keyOf(owner, form)) ?? []);
  }
}

/** The MACs of an instance's ports on each owner. */
function macsByOwner(ports: readonly InventoryPort[]): ReadonlyMap<string, readonly MacAddress[]> {
  const macs = new Map<string, MacAddress[]>();
  // With one port, which nearly all have, there is nothing to know.
  if (ports.length === 1) return macs;
  for (const { owners, mac } of ports) {
    if (mac === undefined) continue;
    for (const owner of owners) {
      const key = keyOf(owner, '');
      const others = macs.get(key);
      if (others === undefined) macs.set(key, [mac]);
      else others.push(mac);
    }
  }
  return macs;
}

/** MACs whose frames may carry an address of a port that has one: its own first, then its pairs', then its instance's. */
function macsOf(
  { mac, pairs = [] }: InventoryPort,
  form: string,
  ofInstance: readonly MacAddress[] = [],
): readonly MacAddress[] {
  const ofPairs = pairs.filter(({ range }) => covers(range, form));
  const all = [mac, ...ofPairs.map((pair) => pair.mac ?? mac), ...ofInstance];
  return [...new Set(all.filter((each) => each !== undefined))];
}

/** Addresses and MACs share the index: no text is both. */
function keyOf({ kind, id }: Owner, form: string): string {
  return `${kind} ${id} ${form}`;
}
