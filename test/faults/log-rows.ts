import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { socketDirectory } from '../kit/agents.ts';
import type { LogAnswer, LogOrder } from '../kit/log-writer.ts';
import { isRoot } from '../kit/node.ts';
import type { FaultRow } from './row.ts';

const WRITER = fileURLToPath(new URL('../kit/log-writer.js', import.meta.url));
/** Ten times what a process keeps for a reader. */
const MANY = 10_000;

/** A process that writes a log, and whatever its lines go to. */
export class LogSite {
  readonly directory = socketDirectory();
  readonly #ends: (() => void)[] = [() => this.directory.remove()];

  start(output: 'pipe' | number | Socket): Writer {
    const child = fork(WRITER, [], { stdio: ['ignore', output, 'inherit', 'ipc'] });
    this.#ends.push(() => child.kill('SIGKILL'));
    return new Writer(child);
  }

  undo(end: () => void): void {
    this.#ends.push(end);
  }

  end(): void {
    for (const end of this.#ends.splice(0).reverse()) end();
  }
}

class Writer {
  readonly child: ChildProcess;

  constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Has it write lines; gives how many it has dropped since it began. */
  write(lines: number): Promise<number> {
    return new Promise((resolve) => {
      this.child.once('message', ({ dropped }: LogAnswer) => resolve(dropped));
      this.child.send({ write: lines } satisfies LogOrder);
    });
  }

  /** Ends it as a daemon ends; gives its exit status. */
  end(): Promise<number | null> {
    return new Promise((resolve) => {
      this.child.once('exit', resolve);
      this.child.send({ end: true } satisfies LogOrder);
    });
  }
}

/** The first line of an account of dropped lines, from a log that is read from now on. */
async function account(child: ChildProcess): Promise<{ readonly dropped: number }> {
  assert.ok(child.stdout);
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { readonly dropped?: number; readonly msg: string };
    if (entry.dropped !== undefined) return { dropped: entry.dropped };
  }
  throw new Error('no account came');
}

const everywhere: readonly FaultRow<LogSite>[] = [
  {
    fault: 'the log goes to a device that is full',
    when: 'from the start',
    holds: 'the process goes on, counts, and ends well',
    inject: async (site) => {
      const full = openSync('/dev/full', 'w');
      const writer = site.start(full);
      closeSync(full);
      assert.equal(await writer.write(100), 100);
      assert.equal(await writer.end(), 0);
    },
  },
  {
    fault: 'nobody reads the log’s pipe',
    when: 'with more lines than fit',
    holds: 'the process goes on, counts what it drops, and ends in time',
    inject: async (site) => {
      const writer = site.start('pipe');
      const dropped = await writer.write(MANY);
      assert.ok(dropped > 0 && dropped < MANY, `${dropped} dropped`);
      assert.equal(await writer.write(5), dropped + 5);
      assert.equal(await writer.end(), 0);
    },
  },
  {
    fault: 'nobody reads the log’s pipe',
    when: 'for a while',
    holds: 'its reader is told how much is missing',
    inject: async (site) => {
      const writer = site.start('pipe');
      const dropped = await writer.write(MANY);
      const told = account(writer.child);
      const more = setInterval(() => void writer.write(1), 20);
      assert.ok((await told).dropped >= dropped);
      clearInterval(more);
    },
  },
  {
    fault: 'the reader of the log’s pipe ends',
    when: 'between two lines',
    holds: 'the process goes on, and ends well',
    inject: async (site) => {
      const writer = site.start('pipe');
      await writer.write(1);
      writer.child.stdout?.destroy();
      await writer.write(100);
      assert.ok((await writer.write(100)) >= 100);
      assert.equal(await writer.end(), 0);
    },
  },
  {
    fault: 'nobody reads the log’s socket, as with a journal that is stuck',
    when: 'with more lines than fit',
    holds: 'the process goes on, counts what it drops, and ends in time',
    inject: async (site) => {
      const path = `${site.directory.path}/journal`;
      const server = createServer({ pauseOnConnect: true });
      await new Promise<void>((resolve) => server.listen(path, resolve));
      const socket = connect(path);
      await new Promise<void>((resolve) => socket.once('connect', resolve));
      site.undo(() => server.close());
      site.undo(() => socket.destroy());
      server.on('connection', (accepted) => site.undo(() => accepted.destroy()));
      const writer = site.start(socket);
      const dropped = await writer.write(MANY);
      assert.ok(dropped > 0 && dropped < MANY, `${dropped} dropped`);
      assert.equal(await writer.end(), 0);
    },
  },
];

const withRoot: readonly FaultRow<LogSite>[] = [
  {
    fault: 'the log’s disk is full',
    when: 'for a while',
    holds: 'the process goes on; once there is room, lines are whole and the log says how many are missing',
    inject: async (site) => {
      const { path } = site.directory;
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]);
      site.undo(() => execFileSync('umount', ['-l', path]));
      writeFileSync(`${path}/filling`, 'x'.repeat(20_000));
      const file = openSync(`${path}/log`, 'a');
      const writer = site.start(file);
      closeSync(file);
      const dropped = await writer.write(200);
      assert.ok(dropped > 0 && dropped < 200, `${dropped} dropped`);
      rmSync(`${path}/filling`);
      assert.equal(await writer.write(3), dropped);
      assert.equal(await writer.end(), 0);
      const lines = readFileSync(`${path}/log`, 'utf8').trimEnd().split('\n');
      const whole = lines.map(parsed).filter((entry) => entry !== undefined);
      assert.ok(lines.length - whole.length <= 1, 'at most the line that met the end of the disk is torn');
      assert.deepEqual(
        whole.slice(-4).map((entry) => entry['dropped'] ?? entry['line']),
        [dropped, 0, 1, 2],
      );
    },
  },
];

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

export const LOG_ROWS: readonly FaultRow<LogSite>[] = isRoot ? [...everywhere, ...withRoot] : everywhere;
