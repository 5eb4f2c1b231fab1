// Needs root: network namespaces and BPF. A worker's program that was replaced by one that attacks its supervisor.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../../src/demo/daemon.ts';
import { type LIES, makeLie } from '../kit/lying-worker.ts';
import { needsRoot, TestNode, until } from '../kit/node.ts';
import { OtherVersion } from '../kit/other-version.ts';

/** Of the supervisor, above what it takes anyhow: a fifth of what eight statuses were once enough for. */
const GROWTH_BYTES_MAX = 64 * 1_048_576;
const STATUSES = 8;
const LIED = /worker (\d+) ended: it sent /;

describe('a worker that attacks its supervisor by', needsRoot, () => {
  let node: TestNode;
  let version: OtherVersion;
  let daemon: Daemon;

  before(async () => {
    node = await TestNode.build();
    version = new OtherVersion();
    node.undo('a version', () => version.remove());
  });
  after(() => node.remove());

  // One each: several lies would be a crash loop.
  beforeEach(async () => {
    daemon = node.startDaemon({}, version.through);
    await daemon.untilSteering(2, new AbortController().signal);
  });
  afterEach(() => daemon.stop());

  /** Has the worker be replaced by one that lies, and the ones after that be honest. */
  async function lying(lie: keyof typeof LIES): Promise<number> {
    const former = await running();
    const stopLying = makeLie(version, lie);
    process.kill(former, 'SIGKILL');
    await until('another runs', async () => (await logged(/"worker":(\d+).*"worker running"/)).at(-1) !== former);
    stopLying();
    return (await logged(/"worker":(\d+).*"worker running"/)).at(-1) ?? 0;
  }

  /** The worker that runs. Asked of the daemon, which asks the worker. */
  async function running(): Promise<number> {
    let pid: number | undefined;
    await until('one runs', async () => {
      pid = (await daemon.status()).workers.find(({ state }) => state === 'running')?.pid;
      return pid !== undefined;
    });
    assert.ok(pid);
    return pid;
  }

  /** The workers that lines of the log name. */
  async function logged(line: RegExp): Promise<readonly number[]> {
    await sleep(50);
    return daemon.log.flatMap((each) => Number(line.exec(each)?.[1] ?? Number.NaN)).filter(Number.isInteger);
  }

  /** The most that the supervisor has had since it was last asked to forget that. */
  function peak(): number {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  function forgetPeak(): number {
    writeFileSync(`/proc/${daemon.pid}/clear_refs`, '5');
    return peak();
  }

  for (const lie of [
    'a status of ports that it has not',
    'signs of life that nobody asked for',
    'a message without end',
  ] as const) {
    it(`${lie} is ended, and costs it no memory`, async () => {
      const before = forgetPeak();
      const pid = await lying(lie);
      await Promise.all(Array.from({ length: STATUSES }, () => daemon.status()));
      await until('it is ended', async () => (await logged(LIED)).includes(pid));
      assert.ok(peak() - before < GROWTH_BYTES_MAX, `it grew by ${(peak() - before) / 1_048_576} MiB`);
    });
  }

  it('lines of a log that are the supervisor’s is named in each, and costs it no memory', async () => {
    const before = forgetPeak();
    const pid = await lying('lines of a log that are the supervisor’s');
    await until('they are in the log', () => daemon.log.some((line) => line.includes('forged')));
    await sleep(2000);
    const lines = daemon.log.filter((line) => line.includes('forged'));
    assert.ok(lines.length > 10);
    for (const line of lines) {
      assert.match(line, /^\{"level":"(info|warn)","time":"[^"]*","pid":\d+,"role":"worker",/);
      // Long lines are kept in part.
      assert.equal(Number(/"pid":(\d+)/.exec(line)?.[1]), pid);
    }
    assert.ok(peak() - before < GROWTH_BYTES_MAX, `it grew by ${(peak() - before) / 1_048_576} MiB`);
    assert.equal(await running(), pid, 'it gives its signs of life, and nothing else is wrong with it');
  });
});
