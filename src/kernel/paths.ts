import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MetasteerError } from '../errors.ts';

/** The installed package: the folder that holds dist/, bpf/ and native/. */
export const packageRoot = findPackage(dirname(fileURLToPath(import.meta.url)));

/** Files that the build makes and a package must have, below it. */
export const BUILT = {
  main: 'dist/cli/main.js',
  worker: 'dist/cli/worker.js',
  shim: 'native/build/libmetasteer.so',
  launcher: 'native/build/metasteer-launch',
  steer: 'bpf/build/steer.bpf.o',
  restore: 'bpf/build/restore.bpf.o',
  guard: 'bpf/build/guard.bpf.o',
  forget: 'bpf/build/forget.bpf.o',
  trace: 'bpf/build/trace.bpf.o',
} as const;

/**
 * Path of a file that the build makes.
 *
 * @throws {MetasteerError} `not-built` when it is not there.
 */
export function builtFile(name: keyof typeof BUILT): string {
  const path = join(packageRoot, BUILT[name]);
  if (!existsSync(path)) throw new MetasteerError('not-built', `${path} is missing`);
  return path;
}

/** Upwards, because this module is in a bundle too, which is in another folder. */
function findPackage(folder: string): string {
  const above = dirname(folder);
  return above === folder || existsSync(join(folder, 'package.json')) ? folder : findPackage(above);
}
