import { readFileSync } from 'node:fs';
import { MetasteerError, messageOf } from '../errors.ts';

const FILE_BYTES_MAX = 1024 * 1024;

/**
 * The text of a configuration file, or of a file that one names.
 *
 * @throws {MetasteerError} `config-unreadable`, or `config-syntax` when it is no UTF-8
 */
export function readConfigFile(path: string): string {
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
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new MetasteerError('config-syntax', `${path}:1:1: the file is not UTF-8 text`, { cause: error });
  }
}
