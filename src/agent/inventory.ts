import { readDocument } from '../config/document.ts';
import { configError } from '../config/problems.ts';
import type { MetasteerError } from '../errors.ts';
import { inventoryProblems } from './inventory-problems.ts';
import { type InventoryInstance, inventorySchema } from './inventory-schema.ts';

export { type InventoryInstance, type InventoryPort, inventorySchema } from './inventory-schema.ts';

/** Instances in the order of the file. No two have the same id. */
export interface Inventory {
  readonly instances: readonly InventoryInstance[];
}

/** Aliases are of use here, for metadata that many instances share. */
const KIND = { least: 'instances: []', aliasesMax: 100_000 };

/**
 * Reads an inventory; docs/inventory.md describes it. It is YAML, or JSON where the path ends in `.json`: the same
 * format, read many times faster.
 *
 * @param path for messages, and for the format
 * @throws {MetasteerError} `inventory-invalid`; the message has a line `FILE:LINE:COLUMN: key: what is wrong` per problem
 */
export function parseInventory(text: string, path: string): Inventory {
  const quick = path.endsWith('.json') ? inventorySchema.safeParse(jsonOf(text)) : undefined;
  if (quick?.success) return quick.data;

  // JSON is YAML too, and only this reader knows the places of things.
  const document = readDocument(text, KIND);
  if ('problems' in document) throw inventoryError(path, document.problems);
  const checked = inventorySchema.safeParse(document.values);
  if (checked.success) return checked.data;
  throw inventoryError(path, inventoryProblems(checked.error.issues, document));
}

function inventoryError(path: string, problems: Parameters<typeof configError>[1]): MetasteerError {
  return configError(
    path,
    problems.map((problem) => ({ ...problem, code: 'inventory-invalid' })),
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
