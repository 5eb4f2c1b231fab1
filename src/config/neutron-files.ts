/** Reads Neutron's own files, in which operators have said much of what we need to know. */
import { messageOf } from '../errors.ts';
import type { ConfigDocument } from './document.ts';
import { followed, type IniOption, type IniOptions, readIni } from './ini.ts';
import type { Place, Problem } from './problems.ts';

/** A file of Neutron, and where it is named. */
export interface NamedFile {
  readonly path: string;
  readonly place: Place;
}

/** Gives the text of a file, or throws. */
export type ReadText = (path: string) => string;

const TRUE = /^(true|1|on|yes)$/i;
const FALSE = /^(false|0|off|no)$/i;

/** The files that a configuration names in `neutron_files`; what is no list of paths is reported by the schema. */
export function namedFiles(document: ConfigDocument): readonly NamedFile[] {
  const listed: unknown = document.values['neutron_files'];
  return (Array.isArray(listed) ? listed : []).flatMap((path: unknown, index) =>
    typeof path === 'string' && path.startsWith('/')
      ? [{ path, place: document.valuePlace(['neutron_files', index]) }]
      : [],
  );
}

/**
 * Reads files in turn: of an option set twice the later holds.
 *
 * @returns the options, or what is wrong with any of the files
 */
export function readNeutronFiles(
  files: readonly NamedFile[],
  readText: ReadText,
): NeutronOptions | { readonly problems: readonly Problem[] } {
  const options = new Map<string, IniOption>();
  const problems: Problem[] = [];
  for (const { path, place } of files) {
    try {
      const read = readIni(readText(path), path);
      if ('problems' in read) problems.push(...read.problems);
      else for (const [name, option] of read) options.set(name, option);
    } catch (error) {
      problems.push({ code: 'config-unreadable', place, key: 'neutron_files', message: messageOf(error) });
    }
  }
  return problems.length > 0 ? { problems } : new NeutronOptions(options);
}

/** Options of Neutron's files, as `name` those of DEFAULT and as `section.name` the others. */
export class NeutronOptions {
  /** What was wrong with values asked for. */
  readonly found: Problem[] = [];
  readonly #options: IniOptions;

  constructor(options: IniOptions) {
    this.#options = options;
  }

  /** Where an option is set; undefined when no file sets it. */
  placeOf(name: string): Place | undefined {
    return this.#options.get(name)?.place;
  }

  /**
   * The value of an option, its references followed; undefined when no file sets it, or when it is wrong.
   *
   * @param defaults Neutron's own, of options that others refer to
   */
  text(name: string, defaults: Readonly<Record<string, string>>): string | undefined {
    const option = this.#options.get(name);
    if (option === undefined) return undefined;
    const [section, inSection] = name.split('.', 2);
    const value = followed(option, this.#options, defaults, inSection === undefined ? undefined : section);
    if (typeof value === 'string') return value;
    this.found.push({ code: 'config-invalid-value', place: option.place, key: name, message: value.problem });
    return undefined;
  }
}

/** How an option's text becomes a value such as a configuration has it; undefined where nothing follows from it. */
export type Convert = (value: string) => unknown;

export const asText: Convert = (value) => (value === '' ? undefined : value);

/** What is no number stays text, for the schema to refuse. */
export const asNumber: Convert = (value) => (/^\d+$/.test(value) ? Number(value) : value);

export const asFlag: Convert = (value) => TRUE.test(value) || (FALSE.test(value) ? false : value);

/** Numbers with commas between them. */
export const asNumbers: Convert = (value) => value.split(',').map((each) => asNumber(each.trim()));
