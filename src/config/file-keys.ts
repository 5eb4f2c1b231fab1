import type * as z from 'zod';
import { type KeyFacts, keyFacts } from './values.ts';

type Shape = Readonly<Record<string, z.ZodType>>;

/** The keys a kind of file may have. Loading, messages and the tables in docs/ are the same for every kind. */
export interface FileKeys {
  /** Every key as `section.key`, in the order of the documentation. */
  readonly facts: ReadonlyMap<string, KeyFacts>;
  /** The keys that may stand in a mapping: those of a section, or those of the whole file for the empty path. */
  keysIn(section: string): readonly string[];
  /** The least such a file must hold, for who has written nothing yet. */
  readonly least: string;
}

/**
 * @param top keys outside every section
 * @throws {Error} when a key was made without facts: a mistake in the schema
 */
export function fileKeys(
  top: Shape,
  sections: Readonly<Record<string, { readonly shape: Shape }>>,
  least: string,
): FileKeys {
  const facts = new Map([
    ...factsOf('', top),
    ...Object.entries(sections).flatMap(([name, section]) => factsOf(`${name}.`, section.shape)),
  ]);
  const keysIn = (section: string) =>
    section === '' ? [...Object.keys(top), ...Object.keys(sections)] : Object.keys(sections[section]?.shape ?? {});
  return { facts, keysIn, least };
}

function factsOf(prefix: string, shape: Shape): [string, KeyFacts][] {
  return Object.entries(shape).map(([name, schema]) => {
    const facts = keyFacts.get(schema);
    if (facts === undefined) throw new Error(`the key ${prefix}${name} has no facts`);
    return [prefix + name, facts];
  });
}
