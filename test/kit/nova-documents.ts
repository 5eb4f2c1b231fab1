import assert from 'node:assert/strict';
import { type InventoryInstance, novaInventory } from '../../src/demo/inventory.ts';
import { PASSWORD } from '../../src/nova/document.ts';
import { novaInstances } from '../../src/nova/instance.ts';
import { lookUp, pathOf } from '../../src/nova/metadata-tree.ts';

/** The text that the embedded nova has at a path for an instance of the demo. */
export function documentOf(known: InventoryInstance, path: string): string {
  const instance = novaInstances(novaInventory([known]), 'inventory').get(known.uuid);
  assert.ok(instance);
  const found = lookUp(instance, pathOf(path));
  assert.ok(found !== PASSWORD);
  return Buffer.from(found.body).toString();
}
