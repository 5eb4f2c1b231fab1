// Whoever waits for a daemon that was killed waits for what its processes load.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BUNDLE_ACCOUNT } from '../../packaging/bundle.ts';
import { BUILT, packageRoot } from '../../src/kernel/paths.ts';

interface Output {
  readonly entryPoint?: string;
  readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
  readonly inputs: Readonly<Record<string, unknown>>;
}

const OUTPUTS = JSON.parse(readFileSync(join(packageRoot, BUNDLE_ACCOUNT), 'utf8')) as Readonly<Record<string, Output>>;

function outputOf(file: string): Output {
  const output = OUTPUTS[file];
  assert.ok(output, file);
  return output;
}

/** These files, and the chunks that are loaded with them. */
function loadedWith(...files: readonly string[]): ReadonlySet<string> {
  const all = new Set(files);
  for (const each of all)
    for (const { path, kind, external = false } of outputOf(each).imports)
      if (kind === 'import-statement' && !external) all.add(path);
  return all;
}

/** The packages of which a file has something, itself or in the chunks that are loaded with it. */
function packagesOf(file: string): ReadonlySet<string> {
  const inputs = [...loadedWith(file)].flatMap((each) => Object.keys(outputOf(each).inputs));
  return new Set(inputs.flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []));
}

/** What an `import()` of a module loads. */
function chunkOf(module: string): string {
  const [file] = Object.entries(OUTPUTS).find(([, { entryPoint }]) => entryPoint === `dist/src/${module}`) ?? [];
  assert.ok(file, module);
  return file;
}

function assertLoads(
  file: string,
  { needed, unneeded }: Readonly<Record<'needed' | 'unneeded', readonly string[]>>,
): void {
  const packages = packagesOf(file);
  const [missing, superfluous] = [
    needed.filter((each) => !packages.has(each)),
    unneeded.filter((each) => packages.has(each)),
  ];
  assert.deepEqual({ missing, superfluous }, { missing: [], superfluous: [] }, file);
}

test('the worker loads the proxy, and neither the command line nor what reads configuration files', () => {
  assertLoads(BUILT.worker, { needed: ['pino'], unneeded: ['commander', 'yaml', 'zod', 'undici', 'prom-client'] });
});

test('a command line is read before what reads configuration files is loaded', () => {
  assertLoads(BUILT.main, {
    needed: ['commander'],
    unneeded: ['yaml', 'zod', 'pino', 'undici', 'prom-client'],
  });
});

test('the daemon loads no client of HTTP', () => {
  assertLoads(chunkOf('control/daemon.js'), { needed: ['zod'], unneeded: ['undici', 'commander', 'prom-client'] });
});

test('what is loaded at the start is in few files, for Node takes long to find and link each', () => {
  const { size } = loadedWith(...['control/daemon.js', 'config/load.js', 'log.js'].map(chunkOf));
  assert.ok(size < 45, `${size} files`);
});
