// Needs root: network namespaces and BPF. A reload that fails when some workers are replaced already: all of it is undone.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import type { Daemon } from '../../src/demo/daemon.ts';
import { curl, METADATA_V4, needsRoot, TestNode, until } from '../kit/node.ts';
import { operate } from '../kit/operator.ts';
import { OtherVersion } from '../kit/other-version.ts';

/** Of `guard.source_burst`, from which on that many starts of workers go well, less one. */
const SPOILED_FROM = 9000;
const WORKERS = 2;
const HEAP = '--max-old-space-size=';

/** A version whose workers fail to start, the n-th after a reload, where a configuration says which. */
function failingVersion(): OtherVersion {
  const other = new OtherVersion();
  const fails = `
    const left = this.#context.config.current.guard.sourceBurst - ${SPOILED_FROM};
    if (left > 0) {
      globalThis.startsSpoiled = (globalThis.startsSpoiled ?? 0) + 1;
      if (globalThis.startsSpoiled === left) {
        globalThis.startsSpoiled = 0;
        throw new Error('spoiled by the test');
      }
    }`;
  other.change('dist/src/control/worker-slot.js', /async start\(user\) \{/, `async start(user) {${fails}`);
  return other;
}

describe('a reload that fails', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  let original: string;
  const sections = (text: string) => parse(text) as Readonly<Record<string, object>>;

  before(async () => {
    node = await TestNode.build();
    const other = failingVersion();
    node.undo('other version', () => other.remove());
    const through = ['sh', '-c', `exec "$0" ${other.main} "$2" "$3" "$4"`];
    daemon = node.startDaemon({ workers: WORKERS, worker: { heap: '300MiB' } }, through);
    await daemon.untilSteering(node.stage.tenants.length, new AbortController().signal);
    original = readFileSync(daemon.configFile, 'utf8');
  });
  after(() => node.remove());

  /** Of those that are not about to end, the heap each was started with, in MiB. */
  async function heaps(): Promise<readonly string[]> {
    const { workers } = await daemon.status();
    return workers
      .filter(({ state }) => state === 'running')
      .map(({ pid }) => {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.find((word) => word.startsWith(HEAP))?.slice(HEAP.length) ?? '';
      });
  }

  for (const [what, failing] of [
    ['at the first worker, leaves those that run', 1],
    ['at the second worker, puts the first back', 2],
    ['when a worker is added, puts all back and leaves as many as there were', 3],
  ] as const) {
    it(what, async () => {
      const changes = {
        workers: WORKERS + 1,
        worker: { heap: '200MiB' },
        guard: { source_burst: SPOILED_FROM + failing },
      };
      writeFileSync(daemon.configFile, stringify({ ...sections(original), ...changes }));
      const { status, stderr } = await operate(daemon, 'reload');
      assert.equal(status, 1, stderr);
      assert.match(stderr, /spoiled by the test[\s\S]*\(reload-failed\)/);
      assert.deepEqual(
        await heaps(),
        Array.from({ length: WORKERS }, () => '300'),
      );
      writeFileSync(daemon.configFile, original);
      assert.equal((await operate(daemon, 'reload')).stdout, 'nothing changed\n');
      for (const tenant of node.stage.tenants) assert.equal((await curl(tenant, `${METADATA_V4}/`)).status, 200);
      await until(
        'those that were replaced have ended',
        async () => (await daemon.status()).workers.length === WORKERS,
      );
    });
  }
});
