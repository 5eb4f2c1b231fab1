// Needs root: network namespaces and BPF. What a service manager hears of the daemon, over a socket as systemd's.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { PYTHON } from '../../bench/agent/python-agent.ts';
import { needsRoot, TestNode, until } from '../kit/node.ts';

/** Node cannot receive datagrams of UNIX sockets. */
const LISTENER = `
import socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1].replace('@', '\\0', 1))
print('bound', flush=True)
while True:
    print(server.recv(4096).decode(), flush=True)
`;

class NotifySocket {
  readonly heard: string[] = [];
  readonly #child: ChildProcess;

  constructor(name: string) {
    this.#child = spawn(PYTHON, ['-c', LISTENER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    const { stdout } = this.#child;
    assert.ok(stdout);
    createInterface({ input: stdout }).on('line', (line) => this.heard.push(line));
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}

describe('a service manager', needsRoot, () => {
  let node: TestNode;
  const set = new Set<string>();

  before(async () => {
    node = await TestNode.build();
  });
  after(async () => {
    for (const name of set) delete process.env[name];
    await node.remove();
  });

  /** Daemons inherit the environment of this process. */
  function environment(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) {
      set.add(name);
      process.env[name] = value;
    }
  }

  for (const kind of ['named', 'abstract'] as const) {
    it(`hears of start, life and end over a socket that is ${kind}`, async () => {
      const name = kind === 'named' ? node.runDir.file('notify') : `@metasteer-test-${process.pid}`;
      const socket = new NotifySocket(name);
      node.undo('the socket', () => socket.close());
      await until('it is bound', () => socket.heard.includes('bound'));
      environment({ NOTIFY_SOCKET: name, WATCHDOG_USEC: '10000000' });
      const daemon = await node.startSteering();
      const signs = () => socket.heard.filter((message) => message === 'WATCHDOG=1').length;
      await until('it was told twice that a worker answers', () => signs() >= 2);
      assert.equal(socket.heard.filter((message) => message === 'READY=1').length, 1);

      const [worker] = (await daemon.status()).workers;
      assert.ok(worker);
      process.kill(worker.pid, 'SIGSTOP');
      // What the worker said before it was stopped may still be on its way.
      await until('nobody vouches for it', async () => {
        const before = signs();
        await new Promise((resolve) => setTimeout(resolve, 2500));
        return signs() === before;
      });
      process.kill(worker.pid, 'SIGCONT');
      const before = signs();
      await until('it is told again', () => signs() > before);

      assert.equal(await daemon.stop(), true);
      await until('it was told of the end', () => socket.heard.includes('STOPPING=1'));
      socket.close();
    });
  }
});
