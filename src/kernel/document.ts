import { fstatSync, readSync } from 'node:fs';
import { call, readS32, room } from './ffi.ts';

/** Puts a text into memory that nobody can change any more; the descriptor belongs to the caller. */
export function createDocument(text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  const fd = room('s32');
  call('ms_document_create', bytes, bytes.length, fd);
  return readS32(fd);
}

/** Reads the whole of it, wherever whoever else has it stands. @throws {Error} */
export function readDocument(fd: number): string {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  const length = readSync(fd, bytes, 0, bytes.length, 0);
  return bytes.toString('utf8', 0, length);
}
