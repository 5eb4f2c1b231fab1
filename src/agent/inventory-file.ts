import { open } from 'node:fs/promises';
import { MetasteerError, messageOf } from '../errors.ts';

const FILE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The text of an inventory file.
 *
 * @throws {MetasteerError} `inventory-unreadable`; `inventory-invalid` when it is not UTF-8
 */
export async function readInventoryFile(path: string): Promise<string> {
  const bytes = await bytesOf(path).catch((error: unknown) => {
    throw new MetasteerError('inventory-unreadable', `cannot read the inventory ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new MetasteerError('inventory-invalid', `${path}:1:1: the file is not UTF-8 text`, { cause: error });
  }
}

/** A file that grows while it is read is cut at what its size was; the change is seen and it is read again. */
async function bytesOf(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error('it is not a regular file');
    if (stat.size > FILE_BYTES_MAX) throw new Error(`it has ${stat.size} bytes, of at most ${FILE_BYTES_MAX}`);
    const buffer = Buffer.alloc(stat.size);
    const { bytesRead } = await file.read(buffer, 0, stat.size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
