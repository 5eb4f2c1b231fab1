import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../src/demo/command.ts';
import { HeldConnection } from '../kit/held-connection.ts';
import { curl, METADATA_V4, portOf, until } from '../kit/node.ts';
import { NEIGHBOURS_MAX, type NodeSite } from './node-site.ts';
import type { FaultRow } from './row.ts';

const ADMIN_CONNECTIONS = 300;
const TICKS_PER_SECOND = 100;

/** Writes to the supervisor as the worker would, on the worker's own end of the channel (pidfd_getfd is call 438). */
const AS_WORKER = `
import ctypes, os, sys, time
pid = os.pidfd_open(int(sys.argv[1]))
fd = ctypes.CDLL(None).syscall(438, pid, 3, 0)
data = sys.stdin.buffer.read()
while data:
    try:
        data = data[os.write(fd, data[:4096]):]
    except BlockingIOError:
        time.sleep(0.001)
    except (BrokenPipeError, ConnectionResetError):
        break
`;

/** The step at which a worker gives a sign of life. */
export const PING = 'ping';

const workers: readonly FaultRow<NodeSite>[] = [
  {
    fault: 'the worker is killed',
    when: 'between two requests',
    holds: 'another takes its sockets',
    inject: async (site) => {
      const pid = await site.workerPid();
      process.kill(pid, 'SIGKILL');
      await site.untilReplaced(pid);
    },
  },
  {
    fault: 'the worker’s heap is full',
    when: 'while it serves',
    holds: 'V8 ends it, which status tells, and another takes its sockets',
    inject: async (site) => {
      const pid = await site.workerPid();
      site.undo(() => site.strikes.disarm());
      site.strikes.arm(PING, 'fill heap');
      await until('it has ended', async () => !(await site.daemon.status()).workers.some((each) => each.pid === pid));
      site.strikes.disarm();
      await site.untilReplaced(pid);
      const { events } = await site.daemon.status();
      assert.ok(
        events.some(({ event }) => event.startsWith(`worker ${pid} ended: SIGABRT`)),
        JSON.stringify(events),
      );
    },
  },
  {
    fault: 'the worker is stopped',
    when: 'for longer than it is believed to live',
    holds: 'packets pass by, and it serves again when it goes on',
    inject: async (site) => {
      const pid = await site.workerPid();
      process.kill(pid, 'SIGSTOP');
      site.undo(() => process.kill(pid, 'SIGCONT'));
      await site.untilPassedBy();
    },
  },
  ...[
    ['what is no JSON', '{"type":\n'] as const,
    ['a message no worker may send', '{"type":"add-port"}\n'] as const,
    ['an answer that nobody asked for', '{"type":"stopped"}\n'] as const,
    ['a number out of bounds', '{"type":"port-listening","portId":-1}\n'] as const,
    ['a line without an end', 'x'.repeat(9 * 1024 * 1024)] as const,
  ].map(([what, bytes]) => ({
    fault: `the worker sends the supervisor ${what}`,
    when: 'while it serves',
    holds: 'it is ended, and another serves',
    inject: async (site: NodeSite) => {
      const pid = await site.workerPid();
      await runCommand('/usr/bin/python3', ['-c', AS_WORKER, String(pid)], { input: bytes });
      await site.untilReplaced(pid);
    },
  })),
  {
    fault: 'the worker has no descriptor left',
    when: 'while clients come',
    holds: 'it serves the connection it has, does not spin, and serves others once it has some',
    inject: async (site) => {
      const pid = await site.workerPid();
      const held = new HeldConnection(site.blue.instance.namespace);
      site.undo(() => held.close());
      assert.equal(await held.connect({ host: '169.254.169.254', port: 80 }), 'connected');
      assert.match(await held.get('/'), /^HTTP\/1\.1 200/);
      const generation = async () => (await site.daemon.status()).agent.generation;
      await until('the agent is known', async () => (await generation()) === 'keep-alive');
      const restore = await site.limitDescriptors(pid, 0);
      const before = ticks(pid);
      for (let count = 0; count < 3; count += 1) {
        const { status } = await curl(site.blue, METADATA_V4, '--max-time', '1');
        assert.equal(status, 0, 'closed at once');
      }
      // 503 where the agent's connection has been at rest for too long by now: there can be no other.
      assert.match(await held.get('/'), /^HTTP\/1\.1 (200|503)/);
      await sleep(1000);
      assert.ok(ticks(pid) - before < TICKS_PER_SECOND / 2, `${ticks(pid) - before} ticks`);
      await restore();
    },
  },
  {
    fault: 'an instance uses more addresses than a port may have',
    when: 'at once',
    holds: 'others make room or those beyond are dropped, never more is kept, and an address that was known is served',
    inject: async (site) => {
      const { namespace } = site.blue.instance;
      await site.untilServed([site.blue]);
      const addresses = Array.from({ length: NEIGHBOURS_MAX + 8 }, (_, index) => `10.0.0.${100 + index}`);
      const lines = addresses.map((address) => `addr add ${address}/24 dev eth0`).join('\n');
      await runCommand('ip', ['-n', namespace.name, '-batch', '-'], { input: lines });
      const remove = lines.replaceAll('addr add', 'addr del');
      site.undo(() => runCommand('ip', ['-n', namespace.name, '-batch', '-'], { input: remove }));
      const ask = (address: string) => ['-s', '-o', '/dev/null', '-m', '1', '--interface', address, METADATA_V4];
      await Promise.all(addresses.map((address) => namespace.try('curl', ask(address))));
      const { counters, neighbours, neighbours_evicted: evicted } = await portOf(site.daemon, site.blue);
      // Which of the two is the machine's pace.
      assert.ok((counters['drop_neighbour_quota'] ?? 0) + evicted > 0);
      assert.ok(neighbours <= NEIGHBOURS_MAX);
      const { status } = await curl(site.blue, METADATA_V4, '--interface', site.blue.known.address);
      assert.equal(status, 200);
    },
  },
];

/** Processor time of a process, fields 14 and 15 of proc(5) stat. */
function ticks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

const supervisor: readonly FaultRow<NodeSite>[] = [
  {
    fault: 'the supervisor is stopped',
    when: 'for longer than it is believed to live',
    holds: 'packets pass by, and are steered again when it goes on',
    inject: async (site) => {
      await site.daemon.signal('SIGSTOP');
      site.undo(() => site.daemon.signal('SIGCONT'));
      await site.untilPassedBy();
    },
  },
  {
    fault: 'the supervisor is killed',
    when: 'while it serves',
    holds: 'packets pass by, and the next one finds a node as the first did',
    inject: async (site) => {
      await site.daemon.signal('SIGKILL');
      site.undo(() => site.restart());
      await site.untilPassedBy();
    },
  },
  {
    fault: 'the supervisor has no descriptor left',
    when: 'when a router comes',
    holds: 'it is reported, and steered once there are some',
    inject: async (site) => {
      const restore = await site.limitDescriptors(site.daemon.pid, 1);
      const { router } = await site.createRouter();
      const line = (text: string) => site.daemon.log.some((each) => each.includes(text) && each.includes(router.uuid));
      await until('it is reported', () => line('"not steering"') || line('namespace cannot be read'));
      await restore();
      await until('it is steered', async () => {
        await router.namespace.ip('link', 'set', 'lo', 'down');
        await router.namespace.ip('link', 'set', 'lo', 'up');
        const { ports } = await site.daemon.status();
        return ports.some(({ owner, state }) => owner === router.uuid && state === 'steering');
      });
    },
  },
  ...(
    [
      ['its lock is another’s', () => ({}), /lock-held/],
      ['its run_dir is a file', (site) => ({ run_dir: site.daemon.configFile }), /lock-failed/],
      ['its run_dir cannot be made', () => ({ run_dir: '/sys/metasteer' }), /lock-failed/],
      ['its namespace is another’s', (site) => ({ run_dir: `${site.node.runDir.path}/other` }), /namespace-failed/],
    ] as const satisfies readonly (readonly [string, (site: NodeSite) => object, RegExp])[]
  ).map(([when, settings, code]) => ({
    fault: 'another daemon is started',
    when: `when ${when}`,
    holds: 'it says what to do, and disturbs nobody',
    inject: async (site: NodeSite) => {
      const admin = { admin: { socket: site.node.runDir.file('other.sock') } };
      const config = readFileSync(site.daemon.configFile);
      const second = site.node.startDaemon(site.settings({ ...admin, ...settings(site) }));
      const { code: status } = await second.ended;
      assert.equal(status, 1);
      assert.match(second.log.join('\n'), code);
      writeFileSync(site.daemon.configFile, config);
      await runCommand('rm', ['-rf', `${site.node.runDir.path}/other`]);
    },
  })),
];

const outside: readonly FaultRow<NodeSite>[] = [
  {
    fault: 'the agent’s socket may not be written to',
    when: 'for a while',
    holds: '503 with Retry-After, and served again once it may',
    inject: async (site) => {
      const { agentSocket } = site.node.stage;
      chmodSync(agentSocket, 0o600);
      site.undo(() => chmodSync(agentSocket, 0o666));
      await until('nobody is there', async () => {
        const { status, headers } = await curl(site.blue, METADATA_V4);
        return status === 503 && /^retry-after: 1/im.test(headers);
      });
    },
  },
  ...(
    [
      ['garbage', '\0\u0001garbage\r\n\r\n'],
      ['a head without an end', `GET /v1/status HTTP/1.1\r\nX: ${'x'.repeat(1_000_000)}`],
      [
        'a body that is too long',
        `PUT /v1/limits HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n${'1'.repeat(9000)}`,
      ],
      ['something it does not know', 'DELETE /v1/status HTTP/1.1\r\nHost: a\r\n\r\n'],
    ] as const
  ).map(([what, bytes]) => ({
    fault: `the admin socket is sent ${what}`,
    when: 'by somebody who may connect',
    holds: 'it is refused, and the next is answered',
    inject: async (site: NodeSite) => {
      const socket = connect(site.daemon.adminSocket);
      site.undo(() => socket.destroy());
      const said = new Promise<string>((resolve) => {
        socket.once('data', (chunk) => resolve(chunk.toString('latin1')));
        socket.once('close', () => resolve(''));
        socket.on('error', () => undefined);
      });
      socket.write(bytes, 'latin1');
      assert.match(await said, /^(HTTP\/1\.1 4\d\d |$)/);
      await site.daemon.status();
    },
  })),
  {
    fault: `somebody opens ${ADMIN_CONNECTIONS} connections to the admin socket`,
    when: 'and says nothing on them',
    holds: 'they cost few descriptors, instances are served, and operators after a while',
    inject: async (site) => {
      const sockets = Array.from({ length: ADMIN_CONNECTIONS }, () => connect(site.daemon.adminSocket));
      for (const socket of sockets) socket.on('error', () => undefined);
      site.undo(() => {
        for (const socket of sockets) socket.destroy();
      });
      await until('those beyond the limit are closed', () => sockets.filter(({ closed }) => !closed).length <= 64);
      await site.untilServed();
      await until('an operator is answered', () => site.daemon.status());
    },
  },
];

export const PROCESS_ROWS: readonly FaultRow<NodeSite>[] = [...workers, ...supervisor, ...outside];
