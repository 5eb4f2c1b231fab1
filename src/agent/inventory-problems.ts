import type * as z from 'zod';
import type { ConfigDocument } from '../config/document.ts';
import { nearest } from '../config/nearest.ts';
import { keyText, type Problem } from '../config/problems.ts';
import { INSTANCE_KEYS, PAIR_KEYS, PORT_KEYS, TOP_KEYS } from './inventory-schema.ts';

/** Puts what the schema of inventories found into words, with the place of each. */
export function inventoryProblems(issues: readonly z.core.$ZodIssue[], document: ConfigDocument): readonly Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const { path, message } = issue;
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], document));
    return [{ code: 'inventory-invalid', place: document.valuePlace(path), key: keyText(path), message }];
  });
}

function unknownKey(path: readonly PropertyKey[], document: ConfigDocument): Problem {
  const siblings = siblingsOf(path);
  const near = nearest(String(path.at(-1)), siblings);
  const hint = near === undefined ? `known here: ${siblings.join(', ')}` : `did you mean \`${near}\`?`;
  return {
    code: 'inventory-invalid',
    place: document.keyPlace(path),
    key: keyText(path),
    message: `unknown key; ${hint}`,
  };
}

/** By depth: a key of the file, of `instances[0]`, of `instances[0].ports[0]`, or of `….allowed_address_pairs[0]`. */
function siblingsOf(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 1) return TOP_KEYS;
  if (path.length === 3) return INSTANCE_KEYS;
  return path.length === 5 ? PORT_KEYS : PAIR_KEYS;
}
