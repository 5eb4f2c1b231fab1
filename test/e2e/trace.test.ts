// Needs root: network namespaces and BPF. What goes wrong on the way of a request, and whether a trace names the hop.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { createInterface } from 'node:readline';
import { after, afterEach, before, describe, it } from 'node:test';
import type {
  Hop,
  TraceBegin,
  TraceEnd,
  TraceLine,
  TracePacket,
  TraceStageLine,
} from '../../src/control/trace-document.ts';
import { tryCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { curl, METADATA_V4, METADATA_V6, needsRoot, TestNode, whoAmI } from '../kit/node.ts';

const CLI = builtFile('main');
const CLIENT = '10.0.0.5';

/** A trace as an operator runs it. */
class RunningTrace {
  readonly lines: TraceLine[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'close');
  }

  /** Resolves when it has begun. */
  static async start(daemon: Daemon, ...args: readonly string[]): Promise<RunningTrace> {
    const argv = [CLI, 'trace', '--socket', daemon.adminSocket, '--seconds', '60', '--json', ...args];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    const trace = new RunningTrace(child);
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => trace.lines.push(JSON.parse(line) as TraceLine));
    await Promise.race([once(lines, 'line'), trace.#ended]);
    return trace;
  }

  async finish(): Promise<TraceEnd> {
    this.#child.kill('SIGINT');
    await this.#ended;
    const end = this.lines.at(-1);
    assert.ok(end?.type === 'end', JSON.stringify(this.lines));
    return end;
  }
}

describe('a trace', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon | undefined;
  const servers: Server[] = [];

  before(async () => {
    node = await TestNode.build();
  });
  after(() => node.remove());
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
    await daemon?.stop();
    daemon = undefined;
  });

  async function steering(settings: Readonly<Record<string, unknown>> = {}): Promise<Daemon> {
    daemon = await node.startSteering(settings);
    return daemon;
  }

  /** Traces while something happens, and gives the end of the trace. */
  async function traced(running: Daemon, happens: () => Promise<unknown>, ...args: readonly string[]) {
    const trace = await RunningTrace.start(running, ...args);
    await happens();
    const end = await trace.finish();
    return { lines: trace.lines, diagnosis: end.diagnosis };
  }

  const packets = (lines: readonly TraceLine[]) => lines.filter((line): line is TracePacket => line.type === 'packet');
  const stages = (lines: readonly TraceLine[]) => lines.filter((line): line is TraceStageLine => line.type === 'stage');
  const owner = () => node.blue.router.uuid;

  function assertEnd(diagnosis: TraceEnd['diagnosis'], hop: Hop, why: RegExp): void {
    assert.deepEqual([diagnosis.ok, diagnosis.hop], [false, hop], diagnosis.why);
    assert.match(diagnosis.why, why);
    assert.match(diagnosis.action, /\.$/);
  }

  it('of a request that is answered shows every stage in order, of nobody else', async () => {
    const running = await steering();
    const { lines, diagnosis } = await traced(
      running,
      async () => {
        await whoAmI(node.green);
        await whoAmI(node.blue);
      },
      ...['--owner', owner(), '--client', node.blue.instance.address],
    );
    assert.deepEqual([diagnosis.ok, diagnosis.hop], [true, 'instance']);
    const begin = lines[0] as TraceBegin;
    assert.deepEqual(
      begin.ports.map((port) => [port.owner, port.state]),
      [[owner(), 'steering']],
    );
    assert.deepEqual(
      stages(lines).map(({ stage }) => stage),
      ['accepted', 'head', 'queued', 'sent', 'reply', 'closed'],
    );
    const verdicts = packets(lines).map(({ verdict, flags }) => `${verdict} ${flags}`);
    assert.deepEqual(verdicts.slice(0, 3), ['steer_syn SYN', 'restore_reply SYN ACK', 'steer_data ACK']);
    assert.ok(
      packets(lines).every(
        ({ port, client, mac }) =>
          port === begin.ports[0]?.port && client === node.blue.instance.address && mac === node.blue.instance.mac,
      ),
    );
    const times = lines.flatMap((line) => ('at_us' in line ? [line.at_us] : []));
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(packets(lines).map(({ client_port: port }) => port)).size, 1);
    assert.equal(stages(lines)[0]?.client_port, packets(lines)[0]?.client_port);
  });

  it('costs nothing more once it is over, and another can follow', async () => {
    const running = await steering();
    const first = await traced(running, () => whoAmI(node.blue), '--client', node.blue.instance.address);
    const second = await traced(running, async () => undefined, '--owner', owner());
    assert.ok(packets(first.lines).length > 0);
    assert.deepEqual(packets(second.lines), []);
  });

  it('is one at a time', async () => {
    const running = await steering();
    const trace = await RunningTrace.start(running, '--owner', owner());
    const args = [CLI, 'trace', '--socket', running.adminSocket, '--owner', owner()];
    const { status, stderr } = await tryCommand(process.execPath, args);
    assert.equal(status, 1);
    assert.match(stderr, /trace-busy/);
    await trace.finish();
  });

  it('follows link-local clients by the address in their packets', async () => {
    const running = await steering();
    const [address = ''] = await node.blue.instance.namespace.linkLocals('eth0');
    const { lines, diagnosis } = await traced(running, () => curl(node.blue, METADATA_V6), '--client', address);
    assert.equal(diagnosis.ok, true, diagnosis.why);
    assert.ok(packets(lines).length > 0);
    assert.ok(stages(lines).some(({ stage }) => stage === 'reply'));
  });

  it('names the interface when no packet arrives', async () => {
    const running = await steering();
    const { diagnosis } = await traced(running, async () => undefined, '--owner', owner());
    assertEnd(diagnosis, 'interface', new RegExp(`No packet .* arrived at ${node.blue.router.port.interface}`));
  });

  it('names the interface when the router is not steered', async () => {
    const running = await steering();
    const nobody = '0a1b2c3d-0000-4000-8000-00000000beef';
    const { diagnosis } = await traced(running, () => whoAmI(node.blue), '--owner', nobody);
    assertEnd(diagnosis, 'interface', /No interface of 0a1b2c3d-.* is steered/);
  });

  it('names the limit that drops a SYN', async () => {
    const running = await steering({ guard: { source_rate: 1, source_burst: 1 } });
    const { lines, diagnosis } = await traced(
      running,
      async () => {
        await whoAmI(node.blue);
        await curl(node.blue, METADATA_V4, '--max-time', '0.4');
      },
      ...['--owner', owner()],
    );
    assert.ok(packets(lines).some(({ verdict }) => verdict === 'drop_source_rate'));
    assertEnd(diagnosis, 'limits', /drop_source_rate/);
  });

  it('names the program that leaves a packet alone, and why', async () => {
    const running = await steering();
    const { diagnosis } = await traced(
      running,
      () => curl(node.blue, `${METADATA_V4}:8080`, '--max-time', '0.4'),
      ...['--owner', owner()],
    );
    assertEnd(diagnosis, 'match', /pass_other_port/);
  });

  it('names the agent’s socket when there is none', async () => {
    const running = await steering({ agent: { socket: node.runDir.file('none.sock'), queue_timeout: '300ms' } });
    const { diagnosis } = await traced(running, () => curl(node.blue, METADATA_V4), '--owner', owner());
    assertEnd(diagnosis, 'agent socket', /503 \(agent-absent\)/);
  });

  it('names the agent when it hangs', async () => {
    const socket = node.runDir.file('hung.sock');
    const hung = createTcpServer(() => undefined).listen(socket);
    await once(hung, 'listening');
    chmodSync(socket, 0o666);
    const running = await steering({ agent: { socket }, metadata_haproxy: { timeout_server: '500ms' } });
    const { lines, diagnosis } = await traced(running, () => curl(node.blue, METADATA_V4), '--owner', owner());
    hung.close();
    assert.ok(stages(lines).some(({ stage }) => stage === 'sent'));
    assertEnd(diagnosis, 'agent', /504 \(agent-timeout\)/);
  });

  it('names the look-up when the agent knows no such instance', async () => {
    const socket = node.runDir.file('agent404.sock');
    const server = createServer((_, response) => response.writeHead(404).end()).listen(socket);
    servers.push(server);
    await once(server, 'listening');
    chmodSync(socket, 0o666);
    const running = await steering({ agent: { socket } });
    const { diagnosis } = await traced(running, () => curl(node.blue, METADATA_V4), '--owner', owner());
    assertEnd(diagnosis, 'instance look-up', new RegExp(`404: it knows no instance with address ${CLIENT}`));
  });

  it('names the head when the client sends no HTTP', async () => {
    const running = await steering();
    const { diagnosis } = await traced(
      running,
      () =>
        node.blue.instance.namespace.try('sh', [
          '-c',
          "printf 'nonsense\\r\\n\\r\\n' | curl -s --max-time 2 telnet://169.254.169.254:80",
        ]),
      ...['--owner', owner()],
    );
    assertEnd(diagnosis, 'head', /400 \(request-line-malformed\)/);
  });
});
