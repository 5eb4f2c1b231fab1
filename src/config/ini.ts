import type { Place, Problem } from './problems.ts';

/** An option as a file of Neutron sets it, and where. */
export interface IniOption {
  readonly value: string;
  readonly place: Place;
}

/** Options of all sections: by name those of DEFAULT, as `section.name` the others. */
export type IniOptions = ReadonlyMap<string, IniOption>;

const DEFAULT = 'DEFAULT';
/** Longer chains of references are a circle. */
const DEPTH_MAX = 16;
const REFERENCE = /\\\$|\$\$|\$\{([\w.-]+)\}|\$(\w+)/g;

/** What is wrong with a line. */
class LineError extends Error {}

/**
 * Reads a file in the format of oslo.config: sections, `name = value` or `name: value`, lines that begin with blanks go on
 * with the value before, `#` and `;` at the beginning of a line are comments. Of an option set twice the later holds.
 *
 * @returns its options, references not yet followed; or what is wrong with the file
 */
export function readIni(text: string, file: string): IniOptions | { readonly problems: readonly Problem[] } {
  const reader = new IniReader(file);
  const problems: Problem[] = [];
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    try {
      reader.take(raw.trimEnd(), index + 1);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      problems.push({ code: 'config-syntax', place: { file, line: index + 1, column: 1 }, message: error.message });
    }
  }
  return problems.length > 0 ? { problems } : reader.options;
}

class IniReader {
  readonly options = new Map<string, IniOption>();
  readonly #file: string;
  #section: string | undefined;
  /** The option whose value the next line may continue. */
  #open: string | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws {LineError} */
  take(line: string, number: number): void {
    if (/^[ \t]/.test(line)) {
      this.#continue(line.trimStart());
      return;
    }
    this.#open = undefined;
    if (line === '' || line.startsWith('#') || line.startsWith(';')) return;
    if (line.startsWith('[')) {
      this.#section = /^\[(.+)\]$/.exec(line)?.[1];
      if (this.#section === undefined) throw new LineError('a section is a name in brackets, such as [DEFAULT]');
      return;
    }
    this.#assign(line, number);
  }

  #assign(line: string, number: number): void {
    const sign = line.search(/[=:]/);
    const name = sign === -1 ? '' : line.slice(0, sign).trim().replaceAll('-', '_');
    if (name === '') throw new LineError('expected a section, a comment, or name = value');
    if (this.#section === undefined) throw new LineError('an option stands before the first section');
    const key = this.#section === DEFAULT ? name : `${this.#section}.${name}`;
    this.#open = key;
    const after = line.slice(sign + 1);
    const column = sign + 2 + (after.length - after.trimStart().length);
    this.options.set(key, {
      value: unquoted(after.trim()),
      place: { file: this.#file, line: number, column },
    });
  }

  #continue(more: string): void {
    if (this.#open === undefined)
      throw new LineError('the line begins with a blank, and there is no value it continues');
    const option = this.options.get(this.#open);
    if (option !== undefined) this.options.set(this.#open, { ...option, value: `${option.value}\n${more}` });
  }
}

function unquoted(value: string): string {
  const [, , inner] = /^(["'])(.*)\1$/s.exec(value) ?? [];
  return inner ?? value;
}

/**
 * Follows the references in an option's value, `$name` and `${name}`; `$$` and `\$` are a dollar. A name is one of the
 * option's own section, else one of DEFAULT.
 *
 * @param section where the option stands
 * @returns the value, or what is wrong with it
 */
export function followed(
  option: IniOption,
  options: IniOptions,
  defaults: Readonly<Record<string, string>>,
  section = DEFAULT,
): string | { readonly problem: string } {
  try {
    const look = (name: string) =>
      options.get(`${section}.${name}`)?.value ?? options.get(name)?.value ?? defaults[name];
    return follow(option.value, look, 0);
  } catch (error) {
    if (error instanceof LineError) return { problem: error.message };
    throw error;
  }
}

function follow(value: string, look: (name: string) => string | undefined, depth: number): string {
  if (depth > DEPTH_MAX) throw new LineError('its references go round in a circle');
  return value.replaceAll(REFERENCE, (_: string, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return '$';
    const found = look(name.replace(/^DEFAULT\./, ''));
    // Without its name: in a secret it would be a part of that.
    if (found === undefined) throw new LineError('it refers with $ to an option that no file sets; a dollar is $$');
    return follow(found, look, depth + 1);
  });
}
