/** Keys of the configuration that the environment sets: `METASTEER_LOG_LEVEL` is `log.level`. */
import { parse } from 'yaml';
import type { Additions, KeyPath } from './additions.ts';
import type { FileKeys } from './file-keys.ts';
import { nearest } from './nearest.ts';
import type { Place, Problem } from './problems.ts';

const PREFIX = 'METASTEER_';

/** Variables of a process, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that sets a key. @param key as `section.key` */
export function variableOf(key: string): string {
  return PREFIX + key.replaceAll('.', '_').toUpperCase();
}

/**
 * Has the environment's values hold, whatever the configuration says. An empty variable is none.
 *
 * @returns what is wrong with them: variables that begin with the name of a section, and are no key of it
 */
export function addEnvironment(added: Additions, environment: Environment, keys: FileKeys): readonly Problem[] {
  const known = new Map([...keys.facts.keys()].map((key) => [variableOf(key), key]));
  const sections = keys.keysIn('').filter((name) => keys.keysIn(name).length > 0);
  const problems: Problem[] = [];
  for (const [name, text = ''] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === '') continue;
    const place: Place = { file: name, line: 0, column: 0 };
    const key = known.get(name);
    if (key !== undefined) {
      added.override(key.split('.') as unknown as KeyPath, read(text), place);
    } else if (sections.some((section) => name.startsWith(`${variableOf(section)}_`))) {
      const meant = nearest(name, [...known.keys()]);
      const hint = meant === undefined ? 'docs/configuration.md lists all keys' : `did you mean \`${meant}\`?`;
      problems.push({
        code: 'config-unknown-key',
        place,
        message: `the environment sets no key by this name; ${hint}`,
      });
    }
  }
  return problems;
}

/** As it would be read in the file: a number, true, [a, list], or text. */
function read(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return text;
  }
}
