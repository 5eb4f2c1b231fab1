import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const MODE = 0o755;

/**
 * Makes a folder with those above it, where they are missing. Node's own `recursive` never comes back below a folder that
 * says ENOENT whatever is made in it, as /proc does.
 *
 * @throws {Error} of the file system
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: MODE });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const parent = dirname(path);
    if (code === 'ENOENT' && parent !== path) {
      makeFolder(parent);
      mkdirSync(path, { mode: MODE });
    } else if (code !== 'EEXIST') {
      throw error;
    }
  }
}
