import { join } from 'node:path';
import { ffiSource } from './ffi-source.ts';
import { readHeader } from './header.ts';
import { layoutSource } from './layout-source.ts';
import { namesImported } from './named.ts';

/** The header of the whole border; it includes the BPF programs' own. */
const HEADER = 'native/metasteer.h';

/**
 * What is generated from a repository's headers.
 *
 * @param root absolute
 * @param named what TypeScript imports
 * @returns texts by their paths in the repository
 * @throws {Error} as `readHeader`, `layoutSource` and `ffiSource`
 */
export function generate(root: string, named = namesImported(root)): ReadonlyMap<string, string> {
  const header = readHeader(
    join(root, HEADER),
    [...named].filter((name) => name.startsWith('MS_')),
  );
  return new Map([
    ['src/kernel/ffi.gen.ts', ffiSource(header)],
    ['src/kernel/layout.gen.ts', layoutSource(header, named)],
  ]);
}
