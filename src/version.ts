import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './kernel/paths.ts';

/** Read once, at the start: a daemon is still of its version after another one was installed in its place. */
const VERSION = readVersion();

/** The version in package.json. */
export function packageVersion(): string {
  return VERSION;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'version') : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
