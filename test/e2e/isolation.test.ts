// Needs root: network namespaces and BPF. What a worker that a tenant has taken over could do.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { runCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { Namespace } from '../../src/demo/namespace.ts';
import { removeNamespaces } from '../../src/demo/run-dir.ts';
import { EchoServers } from '../kit/echo-servers.ts';
import { needsRoot, portOf, TestNode, whoAmI } from '../kit/node.ts';

const CAPABILITY_SETS = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'] as const;

describe('the worker', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  let pid: number;
  let status: ReadonlyMap<string, string>;

  before(async () => {
    node = await TestNode.build();
    daemon = await node.startSteering();
    const [worker] = (await daemon.status()).workers;
    pid = worker?.pid ?? 0;
    const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
    status = new Map(lines.map((line) => [line.split(':\t')[0] ?? '', line.split(':\t')[1] ?? '']));
    // Every neighbour is known, so that nothing is kept from the worker for that reason alone.
    await whoAmI(node.blue);
  });
  after(() => node.remove());

  for (const set of CAPABILITY_SETS) {
    it(`has an empty capability set ${set}`, () => assert.match(status.get(set) ?? '', /^0+$/));
  }

  it('has the same unprivileged user and group in all their forms, and no other groups', () => {
    assert.match(status.get('Uid') ?? '', /^(65534)\t\1\t\1\t\1$/);
    assert.match(status.get('Gid') ?? '', /^(65534)\t\1\t\1\t\1$/);
    assert.equal(status.get('Groups')?.trim(), '');
  });

  it('can gain no privileges', () => assert.equal(status.get('NoNewPrivs'), '1'));

  it('has nothing of the supervisor’s environment', () => {
    const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .map((entry) => entry.split('=')[0]);
    assert.deepEqual(
      names.filter((name) => name !== '' && !/^(PATH|METASTEER_WORKER)$/.test(name ?? '')),
      [],
    );
  });

  it('sees no namespace but its own, also when another is made', async () => {
    await runCommand('ip', ['netns', 'add', `ms${process.pid}-later`]);
    node.undo('a namespace made later', () => removeNamespaces([`ms${process.pid}-later`]));
    const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
    assert.deepEqual(
      mounts.filter((line) => line.includes(' - nsfs ')),
      [],
    );
    assert.notEqual(statSync(`/proc/${pid}/ns/mnt`).ino, statSync('/proc/self/ns/mnt').ino);
    assert.equal(statSync(`/proc/${pid}/ns/net`).ino, statSync(`/run/netns/${daemon.namespace}`).ino);
  });

  it('lives in a namespace with nothing but the loopback and the port devices, and no gateway', async () => {
    const namespace = new Namespace(daemon.namespace);
    const links = JSON.parse(await namespace.ip('-j', 'link', 'show')) as readonly { readonly ifname: string }[];
    assert.deepEqual(links.map(({ ifname }) => ifname).sort(), ['lo', 'ms0', 'ms1']);
    assert.equal(await namespace.ip('route', 'show'), '');
    assert.match(await namespace.ip('-6', 'route', 'show'), /^((fe80::\/64|default) dev ms\d+ .*\n)*$/);
  });

  describe('trying to reach others through the port devices', () => {
    before(async () => {
      const { instance, router } = node.blue;
      for (const namespace of [instance.namespace, router.namespace]) {
        const servers = await EchoServers.start(namespace, { tcp: [8080], udp: [8081] });
        node.undo('servers', () => servers.stop());
      }
    });

    for (const [what, address] of [
      ['an instance', '10.0.0.5'],
      ['the router', '10.0.0.1'],
    ] as const) {
      for (const protocol of ['tcp', 'udp'] as const) {
        it(`reaches ${what} neither bound to the device nor without over ${protocol.toUpperCase()}`, async () => {
          const device = (await portOf(daemon, node.blue)).device ?? '';
          const said = await asWorker(daemon, protocol, address, device);
          assert.deepEqual(said, { bound: 'timed out', unbound: 'Network is unreachable' });
          const { counters } = await portOf(daemon, node.blue);
          assert.ok((counters[protocol === 'tcp' ? 'restore_not_reply' : 'restore_not_tcp'] ?? 0) > 0);
        });
      }
    }
  });
});

/** Tries to connect from the worker's namespace as the worker's user; says how each try ended. */
async function asWorker(daemon: Daemon, protocol: 'tcp' | 'udp', address: string, device: string): Promise<unknown> {
  const script = `
import json, socket, sys
def attempt(device):
    kind = socket.SOCK_STREAM if '${protocol}' == 'tcp' else socket.SOCK_DGRAM
    client = socket.socket(socket.AF_INET, kind)
    client.settimeout(1.5)
    try:
        if device: client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind(('169.254.169.254', 0))
        client.connect(('${address}', ${protocol === 'tcp' ? 8080 : 8081}))
        client.send(b'GET / HTTP/1.0\\r\\n\\r\\n')
        return client.recv(100).decode()
    except OSError as error:
        return error.strerror or str(error)
print(json.dumps({'bound': attempt('${device}'), 'unbound': attempt('')}))
`;
  // Debian's own Python: another one in the path may be in a folder that only root can enter.
  const args = ['--reuid', 'nobody', '--clear-groups', '/usr/bin/python3', '-c', script];
  return JSON.parse(await new Namespace(daemon.namespace).run('setpriv', args));
}
