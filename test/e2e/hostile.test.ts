// Needs root: namespaces. A hostile program in the place of the worker's, started by the real launcher as the agent's user.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { agentPlace } from '../../src/control/agent-place.ts';
import { launch } from '../../src/control/launch.ts';
import { RunDir, removeNamespaces } from '../../src/demo/run-dir.ts';
import { createNamespace } from '../../src/kernel/namespace.ts';
import { packageRoot } from '../../src/kernel/paths.ts';
import { inPidNamespace } from '../../src/kernel/sandbox.ts';
import { closeDescriptor, openDescriptorChannel } from '../../src/kernel/sockets.ts';
import { needsRoot, until } from '../kit/node.ts';
import { ROOT } from '../tidy/sources.ts';
import { HOSTILE_ROWS, type HostileRow } from './hostile-rows.ts';

/** A system account every Debian has: here it is the agent's, and so the worker's. */
const USER = { name: 'games', uid: 5, gid: 60, groups: [] };
const PROGRAM = 'dist/test/kit/hostile-worker.js';
const OUTLIVES = `ms-hostile-${process.pid}`.slice(0, 15);

/** Shut in or not, and for how long it has been so. */
type Stage = 'working' | 'starting' | 'as before';

describe('a worker that was taken over', needsRoot, () => {
  const runDir = RunDir.create('test');
  const namespace = `ms${process.pid}-hostile`;
  const folder = runDir.file('agent');
  const servers: Server[] = [];
  const others: ChildProcess[] = [];

  /** Where things are for a worker; one that is shut in sees the agent's folder under another name. */
  function targets(stage: Stage): Readonly<Record<string, string>> {
    const seen = stage === 'as before' ? folder : '/metasteer/agent';
    const inFolder = { secret: 'secret', beside: 'made', agent: 'agent.sock', other: 'other.sock' };
    const paths = Object.entries(inFolder).map(([name, file]) => [name, join(seen, file)]);
    const elsewhere = { elsewhere: runDir.file('secret'), 'elsewhere.sock': runDir.file('elsewhere.sock') };
    return { ...Object.fromEntries(paths), ...elsewhere, folder: seen, node: process.execPath, outlives: OUTLIVES };
  }

  before(async () => {
    execFileSync('gcc', ['-shared', '-fPIC', '-o', join(packageRoot, 'dist/test/hostile.so'), join(ROOT, 'test/kit/hostile.c')]); // biome-ignore format: one command
    runDir.recordNamespace(namespace);
    await createNamespace(`/run/netns/${namespace}`);
    mkdirSync(folder);
    const sockets = [join(folder, 'agent.sock'), join(folder, 'other.sock'), runDir.file('elsewhere.sock')];
    for (const path of sockets) {
      const server = createServer((socket) => socket.on('error', () => undefined));
      await new Promise<void>((resolve) => server.listen(path, resolve));
      servers.push(server);
    }
    const secrets = [join(folder, 'secret'), runDir.file('secret')];
    for (const path of secrets) writeFileSync(path, 'metadata_proxy_shared_secret = 1234\n');
    for (const path of [folder, ...sockets, ...secrets]) {
      chownSync(path, USER.uid, USER.gid);
      chmodSync(path, path === folder ? 0o700 : 0o600);
    }
    for (let count = 0; count < 2; count += 1)
      others.push(spawn('sleep', ['1000'], { uid: USER.uid, gid: USER.gid, env: { SECRET: '1234' }, stdio: 'ignore' }));
  });
  after(async () => {
    for (const server of servers) server.close();
    for (const other of others) other.kill('SIGKILL');
    for (const pid of outliving()) process.kill(pid, 'SIGKILL');
    await removeNamespaces([namespace]);
    runDir.remove();
  });

  function start(stage: Stage, ...attempt: readonly string[]): { readonly child: ChildProcess; close(): void } {
    const [ours, theirs] = openDescriptorChannel();
    const agent = agentPlace(join(folder, 'agent.sock'));
    const context = {
      ...{ runDir: runDir.path, netnsDir: '/run/netns', heapBytes: 256 * 1024 * 1024, sandbox: stage !== 'as before' },
      ...{ agent, namespace: { reference: `/run/netns/${namespace}` }, rates: undefined },
    };
    const confined = stage === 'working' ? agent.seenAs : '-';
    const child = launch(context, USER, theirs, { program: [PROGRAM, confined, ...attempt], stderr: 'pipe' });
    closeDescriptor(theirs);
    return { child, close: () => closeDescriptor(ours) };
  }

  /** What stopped an attempt; `allowed` when nothing did. */
  async function outcome({ attempt, text = '', number = 0 }: HostileRow, stage: Stage): Promise<string> {
    const pid = others[0]?.pid ?? 0;
    const target = String(number === 'pid' ? pid : number);
    const { child, close } = start(stage, attempt, targets(stage)[text] ?? text, target);
    let said = '';
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (data: string) => (errors += data));
    const messages = child.stdio[3];
    assert.ok(messages instanceof Socket);
    messages.setEncoding('utf8').on('data', (data: string) => (said += data));
    const signal = await new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_, how) => resolve(how)));
    close();
    const denied = /a system call was denied: (\w+)/.exec(errors)?.[1];
    if (denied !== undefined) return signal === 'SIGSYS' ? `denied ${denied}` : `it lives on after ${denied}`;
    assert.match(said, /^-?\d+\n$/, `${attempt}: ${errors}`);
    const code = -Number(said);
    if (code === 0) return 'allowed';
    return Object.entries(constants.errno).find(([, errno]) => errno === code)?.[0] ?? String(code);
  }

  for (const row of HOSTILE_ROWS)
    it(`cannot ${row.tries}: ${row.stopped}`, async () => assert.equal(await outcome(row, 'working'), row.stopped));

  it('can do what it is there for: connect to the agent', async () => {
    const row = { tries: 'connect to the agent', attempt: 'connect_agent', stopped: 'EPERM' } as const;
    assert.equal(await outcome(row, 'working'), 'allowed');
  });

  it('could not do these either before it had started', async () => {
    const differing: string[] = [];
    for (const row of HOSTILE_ROWS) {
      const found = await outcome(row, 'starting');
      if (found !== (row.starting ?? row.stopped)) differing.push(`${row.tries}: ${found}`);
    }
    assert.deepEqual(differing, []);
  });

  it('leaves no process', () => assert.deepEqual(outliving(), []));

  it('ends with every process that it left', async () => {
    // A worker cannot fork: what would become of its children is seen on a program that is allowed to.
    const seconds = `1000.${process.pid}`;
    const left = () => pidsWhere((pid) => commandLineOf(pid).includes(seconds)).length;
    const child = inPidNamespace(() => spawn('sh', ['-c', `(setsid sleep ${seconds} &); sleep 1${seconds}`]));
    await until('its children run', () => left() === 3);
    child.kill('SIGKILL');
    await until('they have ended', () => left() === 0);
  });

  it('could do many of these without a sandbox: they are real', async () => {
    const worked: string[] = [];
    for (const row of HOSTILE_ROWS) {
      // A signal to every process of the user would be one to other tests' too.
      if (row.attempt === 'signal_all' || row.attempt === 'execute_at') continue;
      if ((await outcome(row, 'as before').catch(() => 'failed')) === 'allowed') worked.push(row.tries);
    }
    assert.ok(worked.length >= 10, `only these worked: ${worked.join(', ')}`);
    await until('what outlives its parent is there', () => outliving().length > 0);
  });

  /** Processes that an attempt left. */
  function outliving(): readonly number[] {
    return pidsWhere((pid) => readOf(pid, 'comm').trim() === OUTLIVES);
  }
});

function pidsWhere(holds: (pid: number) => boolean): readonly number[] {
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return names.map(Number).filter(holds);
}

function commandLineOf(pid: number): string {
  return readOf(pid, 'cmdline').replaceAll('\0', ' ');
}

/** Empty for a process that has ended meanwhile. */
function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
