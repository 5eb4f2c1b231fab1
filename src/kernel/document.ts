import { readSync } from 'node:fs';
import { call, readS32, readU32, room } from './ffi.ts';

/** Puts a text into memory that nobody can change any more; the descriptor belongs to the caller. */
export function createDocument(text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  const fd = room('s32');
  call('ms_document_create', bytes, bytes.length, fd);
  return readS32(fd);
}

/**
 * Reads the whole of it, wherever whoever else has it stands.
 *
 * @throws {KernelError} before anything is read: EPERM when somebody could change it meanwhile, EINVAL when it is no such
 *   memory, EFBIG when it is longer than any document
 */
export function readDocument(fd: number): string {
  const size = room('u32');
  call('ms_document_size', fd, size);
  const bytes = Buffer.alloc(readU32(size));
  const length = readSync(fd, bytes, 0, bytes.length, 0);
  return bytes.toString('utf8', 0, length);
}
