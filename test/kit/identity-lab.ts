/**
 * A laboratory for forged identity: a router with two networks, an isolated network and an OVN network, each a bridge on which
 * several instances are. Needs root. Everything is taken away by `remove`.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { Daemon } from '../../src/demo/daemon.ts';
import type { Namespace } from '../../src/demo/namespace.ts';
import { installNeutronRules } from '../../src/demo/neutron-rules.ts';
import { RunDir, removeLeftovers } from '../../src/demo/run-dir.ts';
import { type Router, type RouterPort, Topology } from '../../src/demo/topology.ts';
import { KeepAliveAgent, reply } from './agents.ts';

/** One network: the interface of its router or DHCP port, and the bridge its instances are on. */
export interface LabNetwork {
  readonly port: RouterPort;
  /** Of the router interface, without prefix length. */
  readonly gateway: { readonly ipv4: string; readonly ipv6: string; readonly linkLocal: string };
  readonly bridge: string;
}

/** An instance's interface on a network. */
export interface Nic {
  readonly namespace: Namespace;
  readonly network: LabNetwork;
  readonly name: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly linkLocal: string;
}

export class IdentityLab {
  readonly runDir: RunDir;
  readonly topology: Topology;
  readonly agent: KeepAliveAgent;
  readonly owners: string[] = [];
  readonly #switch: Namespace;
  #bridges = 0;
  #daemon: Daemon | undefined;
  readonly #undo: (() => Promise<void>)[] = [];

  private constructor(runDir: RunDir, topology: Topology, agent: KeepAliveAgent, switching: Namespace) {
    this.runDir = runDir;
    this.topology = topology;
    this.agent = agent;
    this.#switch = switching;
  }

  static async build(): Promise<IdentityLab> {
    await removeLeftovers();
    const runDir = RunDir.create('test');
    const topology = new Topology(runDir);
    // It answers with whom it takes the client for.
    const agent = await KeepAliveAgent.start(runDir.file('agent.sock'), (request) =>
      reply(`for ${request.values('X-Forwarded-For').at(-1)?.replace('::ffff:', '')}\n`),
    );
    chmodSync(agent.path, 0o666);
    return new IdentityLab(runDir, topology, agent, await topology.createNamespace(`ms${process.pid}-switch`));
  }

  /** A router without interfaces but for its first; `plug` gives it others. */
  async router(prefix: number): Promise<{ readonly router: Router; readonly network: LabNetwork }> {
    const router = await this.topology.createRouter({
      uuid: randomUUID(),
      interface: `qr-${randomUUID().slice(0, 11)}`,
      address: `10.0.${prefix}.1/24`,
    });
    this.owners.push(router.uuid);
    await installNeutronRules(router.namespace, 'IPv4');
    await installNeutronRules(router.namespace, 'IPv6');
    return { router, network: await this.#network(router.port, prefix) };
  }

  /** Another network of a router. */
  async plug(router: Router, prefix: number): Promise<LabNetwork> {
    const spec = { interface: `qr-${randomUUID().slice(0, 11)}`, address: `10.0.${prefix}.1/24` };
    return this.#network(await this.topology.createRouterPort(router.namespace, spec), prefix);
  }

  /** A network whose namespace does not forward, with the metadata addresses on its interface. */
  async isolated(kind: 'qdhcp' | 'ovnmeta', prefix: number): Promise<LabNetwork> {
    const uuid = randomUUID();
    this.owners.push(uuid);
    const namespace = await this.topology.createNamespace(`${kind}-${uuid}`);
    const spec = { interface: `tap${randomUUID().slice(0, 8)}`, address: `10.0.${prefix}.1/24` };
    const port = await this.topology.createRouterPort(namespace, spec);
    await namespace.ip('addr', 'add', '169.254.169.254/32', 'dev', port.interface);
    await namespace.ip('addr', 'add', 'fe80::a9fe:a9fe/64', 'dev', port.interface, 'nodad');
    return this.#network(port, prefix);
  }

  async #network(port: RouterPort, prefix: number): Promise<LabNetwork> {
    this.#bridges += 1;
    const bridge = `br${this.#bridges}`;
    const ipv6 = `2001:db8:${prefix}::1`;
    await port.namespace.ip('addr', 'add', `${ipv6}/64`, 'dev', port.interface, 'nodad');
    await this.#switch.ip('link', 'add', bridge, 'type', 'bridge');
    await this.#switch.ip('link', 'set', bridge, 'up');
    await port.namespace.ip('link', 'set', port.peer, 'netns', this.#switch.name, 'name', `p-${bridge}`);
    await this.#switch.ip('link', 'set', `p-${bridge}`, 'master', bridge, 'up');
    const all = await port.namespace.linkLocals(port.interface);
    const linkLocal = all.find((address) => address !== 'fe80::a9fe:a9fe') ?? '';
    return { port, gateway: { ipv4: `10.0.${prefix}.1`, ipv6, linkLocal }, bridge };
  }

  async instance(name: string): Promise<Namespace> {
    return this.topology.createNamespace(`ms${process.pid}-${name}`);
  }

  /** Plugs an instance into a network; its first interface has the routes that DHCP and router advertisements give. */
  async nic(namespace: Namespace, network: LabNetwork, name: string, host: number, routes = true): Promise<Nic> {
    const peer = `${network.bridge}-${host}`;
    await this.#switch.ip('link', 'add', peer, 'type', 'veth', 'peer', 'name', name, 'netns', namespace.name);
    await this.#switch.ip('link', 'set', peer, 'master', network.bridge, 'up');
    const ipv4 = network.gateway.ipv4.replace(/\d+$/, String(host));
    const ipv6 = network.gateway.ipv6.replace(/1$/, host.toString(16));
    await namespace.ip('addr', 'add', `${ipv4}/24`, 'dev', name);
    await namespace.ip('link', 'set', name, 'up');
    await namespace.ip('addr', 'add', `${ipv6}/64`, 'dev', name, 'nodad');
    if (routes) {
      await namespace.ip('route', 'add', '169.254.169.254/32', 'via', network.gateway.ipv4);
      await namespace.ip('-6', 'route', 'add', 'fe80::a9fe:a9fe/128', 'via', network.gateway.linkLocal, 'dev', name);
    }
    const [linkLocal = ''] = await namespace.linkLocals(name);
    return { namespace, network, name, mac: (await namespace.link(name)).mac, ipv4, ipv6, linkLocal };
  }

  async steer(ports: number, settings: Readonly<Record<string, unknown>> = {}): Promise<Daemon> {
    const { runDir, agent, owners } = this;
    this.#daemon = new Daemon({ runDir, agentSocket: agent.path, routers: owners, settings });
    await this.#daemon.untilSteering(ports, new AbortController().signal);
    return this.#daemon;
  }

  /** Notes something to take away before the namespaces. */
  undo(action: () => Promise<void>): void {
    this.#undo.push(action);
  }

  async remove(): Promise<void> {
    const stopped = (await this.#daemon?.stop()) ?? true;
    for (const action of this.#undo.splice(0)) await action();
    await this.agent.stop();
    await this.topology.remove();
    this.runDir.remove();
    if (!stopped) throw new Error('the daemon had to be killed');
  }
}

const FORGER = `
import json, random, socket, struct, sys, time
def csum(b):
    if len(b) % 2: b += b'\\0'
    s = sum(struct.unpack('!%dH' % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
o = json.loads(sys.stdin.read())
v6 = ':' in o['source']
fam = socket.AF_INET6 if v6 else socket.AF_INET
src, dst = socket.inet_pton(fam, o['source']), socket.inet_pton(fam, 'fe80::a9fe:a9fe' if v6 else '169.254.169.254')
mac = lambda text: bytes.fromhex(text.replace(':', ''))
def segment(sport, seq, ack, flags, payload=b''):
    t = struct.pack('!HHIIBBHHH', sport, 80, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 64240, 0, 0)
    pseudo = src + dst + (struct.pack('!IHBB', len(t + payload), 0, 0, 6) if v6 else struct.pack('!BBH', 0, 6, len(t + payload)))
    t = t[:16] + struct.pack('!H', csum(pseudo + t + payload)) + t[18:] + payload
    if v6: ip = struct.pack('!IHBB', 6 << 28, len(t), 6, 64) + src + dst
    else:
        ip = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(t), 1, 0x4000, 64, 6, 0) + src + dst
        ip = ip[:10] + struct.pack('!H', csum(ip)) + ip[12:]
    return mac(o['to']) + mac(o['mac']) + (b'\\x86\\xdd' if v6 else b'\\x08\\x00') + ip + t
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((o['interface'], 0))
if o.get('many'):
    deadline = time.monotonic() + o['seconds']
    sent = 0
    while time.monotonic() < deadline:
        if o.get('sources'): src = src[:-2] + struct.pack('!H', 2 + sent % o['sources'])
        s.send(segment((o.get('port') or random.randrange(1025, 65000)) + sent % o.get('ports', 1), o.get('seq') or random.randrange(2**32), random.randrange(2**32), o['many']))
        sent += 1
        time.sleep(1 / o['rate'])
    print(json.dumps({'sent': sent}))
    sys.exit()
# One connection, as far as it goes.
sport, seq = o.get('port') or random.randrange(20000, 60000), random.randrange(2**31)
s.send(segment(sport, seq, 0, 2))
got, accepted, nxt = b'', False, 0
s.settimeout(0.2)
end = time.monotonic() + o.get('seconds', 1.5)
at = 14 + (40 if v6 else 20)
while time.monotonic() < end:
    try: f = s.recv(65535)
    except socket.timeout: continue
    if f[12:14] != (b'\\x86\\xdd' if v6 else b'\\x08\\x00') or len(f) < at + 20: continue
    sp, dp, fseq, fack, off, flags = struct.unpack('!HHIIBB', f[at:at + 14])
    if sp != 80 or dp != sport or f[0:6] == mac(o['to']): continue
    if flags & 0x12 == 0x12 and not accepted:
        accepted, nxt = True, fseq + 1
        s.send(segment(sport, seq + 1, nxt, 0x10))
        s.send(segment(sport, seq + 1, nxt, 0x18, b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'))
    got += f[at + (off >> 4) * 4:].rstrip(b'\\0')
print(json.dumps({'accepted': accepted, 'got': got.decode('latin1')}))
`;

export interface Forgery {
  /** Address that is claimed. */
  readonly source: string;
  /** MAC of the frames; the forger's own unless given. */
  readonly mac?: string;
  /** The client's port; any unless given. */
  readonly port?: number;
  /** With `many`: so many ports, from `port` on. */
  readonly ports?: number;
  readonly seconds?: number;
  /** Sends segments with these flags and random numbers all the time, in place of one connection. */
  readonly many?: number;
  readonly rate?: number;
  readonly seq?: number;
  /** So many addresses, that differ in their last two bytes. */
  readonly sources?: number;
}

export interface Forged {
  /** Whether the forger got a SYN with ACK. */
  readonly accepted?: boolean;
  /** Bytes that the forger got. */
  readonly got?: string;
  readonly sent?: number;
}

/** Sends forged packets from an instance's interface, and says what came back to it. */
export async function forge(nic: Nic, forgery: Forgery): Promise<Forged> {
  const order = { mac: nic.mac, to: nic.network.port.mac, interface: nic.name, ...forgery };
  return JSON.parse(await nic.namespace.run('python3', ['-c', FORGER], { input: JSON.stringify(order) })) as Forged;
}

/** What an instance gets over IPv4 or IPv6, and how long it took in seconds; its own address unless given. */
export async function ask(
  nic: Nic,
  base: 'ipv4' | 'ipv6',
  source?: string,
): Promise<{ readonly body: string; readonly seconds: number }> {
  const url = base === 'ipv4' ? 'http://169.254.169.254/' : `http://[fe80::a9fe:a9fe%25${nic.name}]/`;
  const from = source === undefined ? [] : ['--interface', `host!${source}`];
  const args = ['-sg', '--max-time', '8', '-w', '%{time_total}', ...from, url];
  const { stdout } = await nic.namespace.try('curl', args);
  const lines = stdout.split('\n');
  return { seconds: Number(lines.pop()), body: lines.join('\n') };
}

/** Writes a permanent entry into the neighbour table of a network's router. */
export async function pin({ network, mac }: Nic, address: string): Promise<void> {
  await network.port.namespace.ip(
    'neigh',
    'replace',
    address,
    'lladdr',
    mac,
    'dev',
    network.port.interface,
    'nud',
    'permanent',
  );
}
