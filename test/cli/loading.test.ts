// Whoever waits for a daemon that was killed waits for what its processes load.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

/** Packages of which a module loads something, itself or through others. Only those that are CommonJS are seen: yaml and commander are. */
async function packagesOf(module: string): Promise<ReadonlySet<string>> {
  const url = new URL(`../../src/${module}`, import.meta.url).href;
  const script = `import(${JSON.stringify(url)}).then(() => {
    process.stdout.write(JSON.stringify(Object.keys(require.cache)), () => process.exit(0));
  });`;
  // What the worker hears its supervisor on is open while it loads.
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
  assert.ok(child.stdout);
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const files = JSON.parse(output) as readonly string[];
  return new Set(files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []));
}

test('the worker loads the proxy, and neither the command line nor what reads configuration files', async () => {
  const packages = await packagesOf('cli/worker.js');
  assert.ok(packages.has('ffi-napi'), [...packages].join(', '));
  for (const unneeded of ['commander', 'yaml', 'undici', 'prom-client'])
    assert.ok(!packages.has(unneeded), `the worker loads ${unneeded}`);
});

test('a command line is read before what reads configuration files is loaded', async () => {
  const packages = await packagesOf('cli/program.js');
  assert.ok(packages.has('commander'), [...packages].join(', '));
  for (const unneeded of ['yaml', 'pino', 'ffi-napi'])
    assert.ok(!packages.has(unneeded), `every command loads ${unneeded}`);
});
