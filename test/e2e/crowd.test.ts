// Needs root: network namespaces and BPF. Many instances behind one router: nobody loses a request, and what made room is told.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { IdentityLab, type Nic } from '../kit/identity-lab.ts';
import { needsRoot, until } from '../kit/node.ts';

/**
 * More than the 1,024 neighbours that all namespaces of a machine may have together, unless that is raised as for Neutron it is: the test
 * raises it, because others that run at the same time would wait for the kernel to make room, too.
 */
const INSTANCES = 1200;
const NEIGHBOURS = '8192';
const ROOM = ['ipv4', 'ipv6'].map((family) => `/proc/sys/net/${family}/neigh/default/gc_thresh3`);

/**
 * Asks once from each of COUNT addresses, so many AT_ONCE; says how many got their own, and how long the slowest took. Each
 * asks ARP for its gateway before, as an instance does that boots.
 */
const CROWD = `
import socket, struct, sys, threading, time
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(('eth0', 0x0806))
mac = wire.getsockname()[4]
def arp(address):
    who = mac + socket.inet_aton(address) + bytes(6) + socket.inet_aton('10.4.0.1')
    wire.send(b'\\xff' * 6 + mac + b'\\x08\\x06' + struct.pack('!HHBBH', 1, 0x800, 6, 4, 1) + who)
count, at_once, first = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
gate, lock, wrong, times = threading.Semaphore(at_once), threading.Lock(), [], []
def one(n):
    address = '10.4.%d.%d' % (1 + n // 250, 1 + n % 250)
    try:
        arp(address)
        begun = time.monotonic()
        s = socket.socket()
        s.settimeout(10)
        s.bind((address, 0))
        s.connect(('169.254.169.254', 80))
        s.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n')
        got = b''
        while True:
            part = s.recv(65536)
            if not part: break
            got += part
        if not got.endswith(('for %s\\n' % address).encode()): raise Exception(repr(got))
        with lock: times.append(time.monotonic() - begun)
    except Exception as error:
        with lock: wrong.append('%s: %s' % (address, error))
    finally: gate.release()
threads = []
for n in range(first, first + count):
    gate.acquire()
    t = threading.Thread(target=one, args=(n,))
    t.start()
    threads.append(t)
for t in threads: t.join()
times.sort()
print(len(times), round(times[-1], 3) if times else 0, round(times[len(times) // 2], 4) if times else 0)
print('\\n'.join(wrong[:5]))
`;

describe(`${INSTANCES} instances behind one router`, needsRoot, () => {
  let lab: IdentityLab;
  let crowd: Nic;
  let daemon: Daemon;
  const roomBefore = ROOM.map((path) => readFileSync(path, 'utf8'));

  before(async () => {
    for (const path of ROOM) writeFileSync(path, NEIGHBOURS);
    lab = await IdentityLab.build();
    const { router, network } = await lab.router(1);
    await router.namespace.ip('addr', 'add', '10.4.0.1/20', 'dev', network.port.interface);
    crowd = await lab.nic(await lab.instance('crowd'), network, 'eth0', 5);
    // All namespaces of a machine share the room for neighbours, also that of these many instances: theirs is not in question.
    await crowd.namespace.ip(
      'neigh',
      'replace',
      network.gateway.ipv4,
      'lladdr',
      network.port.mac,
      'dev',
      'eth0',
      'nud',
      'permanent',
    );
    const batch = Array.from(
      { length: INSTANCES },
      (_, n) => `addr add 10.4.${1 + Math.floor(n / 250)}.${1 + (n % 250)}/20 dev eth0`,
    );
    await crowd.namespace.run('ip', ['-batch', '-'], { input: `${batch.join('\n')}\n` });
  });
  after(async () => {
    await lab.remove();
    ROOM.forEach((path, index) => {
      writeFileSync(path, roomBefore[index] ?? '');
    });
  });

  async function ask(
    count: number,
    atOnce: number,
    first = 0,
  ): Promise<{ readonly served: number; readonly slowest: number; readonly wrong: string }> {
    const said = await crowd.namespace.run('python3', ['-c', CROWD, String(count), String(atOnce), String(first)], {
      timeoutMs: 100_000,
    });
    const [figures = '', ...wrong] = said.trim().split('\n');
    const [served, slowest] = figures.split(' ').map(Number);
    return { served: served ?? 0, slowest: slowest ?? 0, wrong: wrong.join('\n') };
  }

  const port = async () => (await daemon.status()).ports[0] ?? assert.fail();

  it('are all served without a setting, 300 of them at once', async (test) => {
    daemon = await lab.steer(1);
    const boots = await ask(300, 300);
    assert.deepEqual([boots.served, boots.wrong], [300, '']);
    const all = await ask(INSTANCES - 300, 20, 300);
    test.diagnostic(`slowest of 300 at once ${boots.slowest} s, of the others ${all.slowest} s`);
    assert.deepEqual([all.served, all.wrong], [INSTANCES - 300, ''], JSON.stringify((await port()).counters));
    const { neighbours, neighbours_evicted, counters } = await port();
    test.diagnostic(
      `${counters['drop_unresolved']} packets waited for the router, ${counters['steer_syn_again']} SYNs came again`,
    );
    assert.ok(neighbours >= INSTANCES, `${neighbours}`);
    assert.equal(neighbours_evicted, 0);
    assert.equal(await daemon.stop(), true);
  });

  it('are all served where only half of them are remembered, and the log says who made room', async () => {
    daemon = await lab.steer(1, { steering: { neighbours_per_port_max: 600 } });
    for (let first = 0; first < INSTANCES; first += 100) {
      const { served, wrong } = await ask(100, 10, first);
      assert.deepEqual([served, wrong], [100, ''], JSON.stringify([wrong, (await port()).counters]));
    }
    const { neighbours, neighbours_evicted, counters } = await port();
    assert.ok(neighbours <= 600, `${neighbours}`);
    assert.ok(neighbours_evicted >= INSTANCES - 600, `${neighbours_evicted}`);
    assert.equal(counters['drop_neighbour_quota'], 0);
    await until('it is told', () => daemon.log.some((line) => line.includes('made room')));
  });
});
