import { readFileSync } from 'node:fs';
import { MetasteerError, messageOf } from '../errors.ts';
import { type Config, configOf } from './config.ts';
import { readDocument } from './document.ts';
import { configError, problemsOf } from './problems.ts';
import { configSchema } from './schema.ts';

export type { Config } from './config.ts';

const FILE_BYTES_MAX = 1024 * 1024;

/**
 * Reads and validates a configuration file.
 *
 * @throws {MetasteerError} `config-*`; the message has a line `FILE:LINE:COLUMN: key: what is wrong` per problem.
 */
export function loadConfig(path: string): Config {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new MetasteerError('config-unreadable', `cannot read the configuration: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (bytes.length > FILE_BYTES_MAX) {
    throw new MetasteerError(
      'config-unreadable',
      `${path} has ${bytes.length} bytes; a configuration has at most ${FILE_BYTES_MAX}`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new MetasteerError('config-syntax', `${path}:1:1: the file is not UTF-8 text`, { cause: error });
  }
  return parseConfig(text, path);
}

/**
 * Validates the text of a configuration; `path` is only for messages.
 *
 * @throws {MetasteerError} as `loadConfig`.
 */
export function parseConfig(text: string, path: string): Config {
  const document = readDocument(text);
  if ('problems' in document) throw configError(path, document.problems);
  // An absent `agent` is the same mistake as an absent `agent.socket`, and is reported as that.
  const checked = configSchema.safeParse({ agent: {}, ...document.values });
  if (!checked.success) throw configError(path, problemsOf(checked.error.issues, document));
  return configOf(checked.data);
}
