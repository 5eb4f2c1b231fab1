import { readFileSync } from 'node:fs';
import { type Inventory, parseInventory } from '../agent/inventory.ts';
import { readInventoryFile } from '../agent/inventory-file.ts';
import { type ErrorCode, MetasteerError, messageOf } from '../errors.ts';
import type { NovaTls } from './server.ts';

const SECRET_BYTES_MAX = 4096;
const PEM_BYTES_MAX = 1024 * 1024;

/** Where the secret may be, beside a file. */
export const SECRET_VARIABLE = 'METASTEER_SHARED_SECRET';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string | undefined;
}

/** @throws {MetasteerError} `inventory-unreadable` or `inventory-invalid` */
export async function loadInventory(path: string): Promise<Inventory> {
  return parseInventory(await readInventoryFile(path), path);
}

/**
 * The secret that agents sign with: from a file, without the line end there, or from the environment. It is no argument,
 * because arguments are for everybody to see.
 *
 * @throws {MetasteerError} `secret-unusable`
 */
export function loadSecret(path: string | undefined, environment: NodeJS.ProcessEnv): Uint8Array {
  const given =
    path === undefined
      ? Buffer.from(environment[SECRET_VARIABLE] ?? '')
      : Buffer.from(
          read(path, SECRET_BYTES_MAX, 'secret-unusable')
            .toString('latin1')
            .replace(/\r?\n$/, ''),
          'latin1',
        );
  if (given.length > 0) return given;
  const where = path === undefined ? `no secret file is named and ${SECRET_VARIABLE} is not set` : `${path} is empty`;
  throw new MetasteerError('secret-unusable', where);
}

/** @throws {MetasteerError} `tls-files` */
export function loadTls({ cert, key, clientCa }: TlsFiles): NovaTls {
  const pem = (path: string) => read(path, PEM_BYTES_MAX, 'tls-files');
  return { cert: pem(cert), key: pem(key), ...(clientCa !== undefined && { clientCa: pem(clientCa) }) };
}

function read(path: string, bytesMax: number, code: ErrorCode): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new MetasteerError(code, messageOf(error), { cause: error });
  }
  if (bytes.length > bytesMax) {
    throw new MetasteerError(code, `${path} has ${bytes.length} bytes; expected at most ${bytesMax}`);
  }
  return bytes;
}
