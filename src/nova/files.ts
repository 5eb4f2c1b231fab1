import { readFileSync } from 'node:fs';
import { type Inventory, parseInventory } from '../agent/inventory.ts';
import { readInventoryFile } from '../agent/inventory-file.ts';
import { readSecretFile, Secret } from '../agent/settings/secret.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import type { NovaTls } from './server.ts';

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
 * The secret that agents sign with: from a file that others cannot read, without the line end there, or from the
 * environment. It is no argument, because arguments are for everybody to see.
 *
 * @throws {MetasteerError} `config-unreadable`, `config-secret-exposed` or `config-invalid-value` for a file,
 * `secret-unusable` when there is none in the environment either
 */
export function loadSecret(path: string | undefined, environment: NodeJS.ProcessEnv): Secret {
  if (path !== undefined) return readSecretFile(path);
  const given = environment[SECRET_VARIABLE] ?? '';
  if (given === '') {
    throw new MetasteerError('secret-unusable', `no secret file is named and ${SECRET_VARIABLE} is not set`);
  }
  return new Secret(given);
}

/** @throws {MetasteerError} `tls-files` */
export function loadTls({ cert, key, clientCa }: TlsFiles): NovaTls {
  return { cert: pem(cert), key: pem(key), ...(clientCa !== undefined && { clientCa: pem(clientCa) }) };
}

function pem(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new MetasteerError('tls-files', messageOf(error), { cause: error });
  }
  if (bytes.length > PEM_BYTES_MAX) {
    throw new MetasteerError('tls-files', `${path} has ${bytes.length} bytes; expected at most ${PEM_BYTES_MAX}`);
  }
  return bytes;
}
