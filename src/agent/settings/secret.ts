import { readFileSync, statSync } from 'node:fs';
import { inspect } from 'node:util';
import { MetasteerError, messageOf } from '../../errors.ts';

const BYTES_MAX = 4096;
const SHOWN = '[secret]';

/** A secret that nothing writes down by accident: as text, as JSON and in the debugger it is a word. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself, for whoever proves something with it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}

/**
 * Reads a secret from a file of its own; a line end at its end is not part of it.
 *
 * @throws {MetasteerError} `config-unreadable`, `config-secret-exposed`, `config-invalid-value` when it is empty or too long
 */
export function readSecretFile(path: string): Secret {
  refuseExposed(path);
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new MetasteerError('config-unreadable', `cannot read a secret: ${messageOf(error)}`, { cause: error });
  }
  if (text === '' || text.length > BYTES_MAX || /[\r\n]/.test(text))
    throw new MetasteerError(
      'config-invalid-value',
      `${path} is to hold one secret: a line of at most ${BYTES_MAX} characters`,
    );
  return new Secret(text);
}

/**
 * Refuses a file with a secret that everybody may read.
 *
 * @throws {MetasteerError} `config-unreadable`, `config-secret-exposed`
 */
export function refuseExposed(path: string): void {
  let mode: number;
  try {
    ({ mode } = statSync(path));
  } catch (error) {
    throw new MetasteerError('config-unreadable', `cannot read a secret: ${messageOf(error)}`, { cause: error });
  }
  if ((mode & 0o007) === 0) return;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  throw new MetasteerError(
    'config-secret-exposed',
    `${path} holds a secret, and others may use it: its mode is ${shown}`,
  );
}
