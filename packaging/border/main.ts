/**
 * Writes the TypeScript of the border to C, so that nothing of it is typed twice.
 *
 *   node dist/packaging/border/main.js ROOT OUT     reads the repository at ROOT, writes below OUT as below ROOT
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { generate } from './generate.ts';

const [, , root, out] = process.argv;
if (root === undefined || out === undefined) throw new Error('usage: main.js ROOT OUT');
for (const [path, text] of generate(resolve(root))) {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), text);
}
