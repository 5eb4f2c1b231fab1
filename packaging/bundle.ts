/**
 * Puts the programs into few files: `dist/cli/main.js` with its chunks, and `dist/cli/worker.js`. Node takes longer to find and link
 * hundreds of modules than to run them, and instances wait for it when a daemon was killed (docs/performance.md).
 *
 *     node dist/packaging/bundle.js
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';
import { packageRoot } from '../src/kernel/paths.ts';

/** Packages that are not put in: this one finds its addon beside its own files. */
export const EXTERNAL = ['ffi-napi'] as const;

const COMMON = {
  outdir: 'dist/cli',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
  external: [...EXTERNAL],
  // For packages that are CommonJS and ask for modules of Node.
  banner: {
    js: "import { createRequire as metasteerRequire } from 'node:module'; const require = metasteerRequire(import.meta.url);",
  },
} satisfies BuildOptions;

/** What each file was made of; for tests. */
export const BUNDLE_ACCOUNT = 'dist/bundle.json';

/** @param root of a package whose TypeScript is compiled to dist/src */
export function bundle(root: string): void {
  rmSync(join(root, 'dist/cli'), { recursive: true, force: true });
  const options = { ...COMMON, absWorkingDir: root };
  // What a command does not need it does not load. The worker needs all of it, at once.
  const main = buildSync({ ...options, entryPoints: ['dist/src/cli/main.js'], splitting: true });
  const worker = buildSync({ ...options, entryPoints: ['dist/src/cli/worker.js'] });
  const outputs = { ...main.metafile.outputs, ...worker.metafile.outputs };
  writeFileSync(join(root, BUNDLE_ACCOUNT), JSON.stringify(outputs));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) bundle(packageRoot);
