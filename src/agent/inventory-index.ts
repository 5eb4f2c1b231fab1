import { isLinkLocal } from '../identity/client-address.ts';
import { macOfLinkLocal } from '../identity/mac-address.ts';
import type { Owner } from '../identity/owner-id.ts';
import type { Inventory } from './inventory.ts';
import type { Asker, Instance } from './source.ts';

/** An inventory's ports by owner and address, and by owner and MAC for link-local askers. One entry for each port. */
export class InventoryIndex {
  readonly #ports = new Map<string, Instance[]>();

  constructor({ instances }: Inventory) {
    for (const { id: instanceId, project: projectId, ports } of instances) {
      for (const { owners, addresses, mac } of ports) {
        const instance: Instance = { instanceId, projectId, ...(mac !== undefined && { mac }) };
        const forms = [...addresses, ...(mac === undefined ? [] : [mac])];
        // A port counts once even where the file repeats an owner or an address.
        for (const key of new Set(owners.flatMap((owner) => forms.map((form) => keyOf(owner, form))))) {
          const others = this.#ports.get(key);
          if (others === undefined) this.#ports.set(key, [instance]);
          else others.push(instance);
        }
      }
    }
  }

  /** The ports an asker may be, by the rules of `InstanceSource.find`. A port whose MAC is not given may have any. */
  find({ owner, address, mac }: Asker): readonly Instance[] {
    const form = isLinkLocal(address) ? macOfLinkLocal(address) : address;
    const ports = form === undefined ? [] : (this.#ports.get(keyOf(owner, form)) ?? []);
    return ports.filter((port) => mac === undefined || port.mac === undefined || port.mac === mac);
  }
}

/** Addresses and MACs share the index: no text is both. */
function keyOf({ kind, id }: Owner, form: string): string {
  return `${kind} ${id} ${form}`;
}
