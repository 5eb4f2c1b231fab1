/** What must hold however router interfaces are wired and whatever the kernel: one table, in the order it is gone through. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Received } from '../kit/agents.ts';
import { until } from '../kit/node.ts';
import { type Family, INSTANCE, KIB_64, METADATA, ROUTER, type Site, type Tenant, URLS } from './site.ts';
import type { WiringName } from './wiring.ts';

export interface Check {
  /** A sentence's end: "with Open vSwitch, …". */
  readonly name: string;
  /** Where it means something; everywhere when absent. */
  readonly wirings?: readonly WiringName[];
  run(site: Site): Promise<void>;
}

const FAMILIES = ['IPv4', 'IPv6'] as const;
const KIB_8 = KIB_64.slice(-8192);
/** The same client port in both tenants; below those the kernel gives, and another for each family, because waiting
 * connections hold it for both. */
const CLIENT_PORTS = { IPv4: '20555', IPv6: '20556' } as const;

const metadataTraffic: readonly Check[] = FAMILIES.flatMap((family) => [
  {
    name: `each tenant is known by its own router over ${family}`,
    run: async (site: Site) => {
      for (const tenant of site.tenants) assertIdentity(await site.ask(tenant, `${URLS[family]}/`), tenant, family);
    },
  },
  {
    name: `two flows with the same addresses and ports at once stay apart over ${family}`,
    run: async (site: Site) => {
      // The agent answers neither before it has both.
      const url = `${URLS[family]}/together`;
      const ask = (tenant: Tenant) => site.ask(tenant, url, undefined, '--local-port', CLIENT_PORTS[family]);
      const [first, second] = site.tenants;
      const [one, other] = await Promise.all([ask(first), ask(second)]);
      assertIdentity(one, first, family);
      assertIdentity(other, second, family);
    },
  },
  {
    name: `a reply of 64 KiB arrives whole over ${family}`,
    run: async (site: Site) => {
      for (const tenant of site.tenants) assert.equal(await site.ask(tenant, `${URLS[family]}/big`), KIB_64);
    },
  },
  {
    name: `a POST of 8 KiB arrives whole over ${family}`,
    run: async (site: Site) => {
      for (const tenant of site.tenants) {
        const echoed = await site.ask(tenant, `${URLS[family]}/`, KIB_8);
        assertIdentity(echoed, tenant, family);
        assert.equal(new Received(echoed, 0).body, KIB_8);
      }
    },
  },
]);

const bystanders: readonly Check[] = (
  [
    ['TCP to another port of the router', httpTo(`${ROUTER}:8080`), 'tcp 8080'],
    ['TCP to another port of the metadata address', httpTo(`${METADATA}:8080`), 'tcp 8080'],
    ['UDP to the metadata address and port', udpTo(METADATA, 80), 'udp 80'],
    ['ping to the router', ['ping', '-c', '2', '-i', '0.3', '-W', '20', ROUTER], '2 received'],
    ['ping to the metadata address', ['ping', '-c', '1', '-W', '20', METADATA], '1 received'],
    ['ping in fragments', ['ping', '-c', '1', '-s', '4000', '-W', '20', ROUTER], '1 received'],
    ['ping to all nodes over IPv6', ['ping', '-6', '-c', '1', '-W', '20', 'ff02::1%eth0'], '1 received'],
  ] as const
).map(([what, [command = '', ...args], expected]) => ({
  name: `${what} goes where it went before`,
  run: async ({ tenants: [tenant] }: Site) => {
    const { stdout, stderr } = await tenant.instance.try(command, args, { timeoutMs: 60_000 });
    assert.ok(stdout.includes(expected), `${stdout}${stderr}`);
  },
}));

/** Changes nothing that a later check needs; the last ones take the site apart. */
export const CHECKS: readonly Check[] = [
  ...metadataTraffic,
  {
    name: 'the routers have no conntrack entry after all metadata traffic',
    run: async ({ tenants }) => {
      for (const { router } of tenants) assert.equal((await router.run('conntrack', ['-C'])).trim(), '0');
    },
  },
  {
    name: 'an address that the router has no way to by this interface is not served',
    run: async (site) => {
      const [tenant] = site.tenants;
      await tenant.instance.ip('addr', 'add', '8.8.8.8/32', 'dev', 'eth0');
      await refused(site, tenant, 'pass_other_network', '--interface', '8.8.8.8');
      await tenant.instance.ip('addr', 'del', '8.8.8.8/32', 'dev', 'eth0');
    },
  },
  {
    name: 'an address that the router knows by another MAC is not served, and is when that is over',
    run: async (site) => {
      const [tenant] = site.tenants;
      const entry = [INSTANCE, 'dev', tenant.interface];
      await tenant.router.ip('neigh', 'replace', ...entry, 'lladdr', 'fa:16:3e:99:99:99', 'nud', 'permanent');
      // What was approved of holds for a second.
      await sleep(2000);
      await refused(site, tenant, 'pass_other_neighbour');
      await tenant.router.ip('neigh', 'del', ...entry);
      assertIdentity(await site.ask(tenant, `${URLS.IPv4}/`), tenant, 'IPv4');
    },
  },
  ...bystanders,
  {
    name: 'the router’s conntrack does count that other traffic',
    run: async ({ tenants: [{ router }] }) => assert.ok(Number(await router.run('conntrack', ['-C'])) > 0),
  },
  {
    name: 'the switch has learned the instance’s MAC and not the port device’s',
    wirings: ['bridge', 'ovs'],
    run: async (site) => {
      await site.ask(site.tenants[0], `${URLS.IPv4}/`);
      const learned = await site.wiring.learned();
      assert.ok(learned.includes(site.tenants[0].instanceMac), learned);
      for (const tenant of site.tenants) assert.ok(!learned.includes(await site.deviceMacOf(tenant)), learned);
    },
  },
  {
    name: 'a router interface that the switch deletes is forgotten, and the other tenant is served on',
    run: async (site) => {
      const [first, second] = site.tenants;
      await site.wiring.deleteRouterInterface(second);
      const owners = async () => (await site.daemon.status()).ports.map(({ owner }) => owner);
      await until('the port is forgotten', async () => !(await owners()).includes(second.uuid), 60_000);
      assertIdentity(await site.ask(first, `${URLS.IPv4}/`), first, 'IPv4');
    },
  },
  { name: 'SIGTERM leaves nothing', run: (site) => site.stopDaemon() },
  {
    name: 'without the daemon, metadata traffic goes where netfilter sends it',
    run: async (site) => {
      const [tenant] = site.tenants;
      await assert.rejects(site.ask(tenant, `${URLS.IPv4}/`, undefined, '--connect-timeout', '3'));
      assert.ok(Number(await tenant.router.run('conntrack', ['-C'])) > 0);
    },
  },
];

async function refused(site: Site, tenant: Tenant, verdict: string, ...options: readonly string[]): Promise<void> {
  const before = await countedAt(site, tenant, verdict);
  await assert.rejects(site.ask(tenant, `${URLS.IPv4}/`, undefined, '--connect-timeout', '3', ...options));
  assert.ok((await countedAt(site, tenant, verdict)) > before, verdict);
}

async function countedAt({ daemon }: Site, { uuid }: Tenant, verdict: string): Promise<number> {
  const port = (await daemon.status()).ports.find(({ owner }) => owner === uuid);
  return port?.counters[verdict] ?? 0;
}

function assertIdentity(echoed: string, tenant: Tenant, family: Family): void {
  const request = new Received(echoed, 0);
  assert.deepEqual(request.values('x-neutron-router-id'), [tenant.uuid]);
  assert.deepEqual(request.values('x-forwarded-for'), [family === 'IPv4' ? INSTANCE : tenant.linkLocal]);
}

function httpTo(authority: string): readonly string[] {
  return ['curl', '-sS', '--max-time', '40', `http://${authority}/`];
}

/** Not connected to the address, because the server answers from another; and not Node, whose start takes long there. */
function udpTo(address: string, port: number): readonly string[] {
  const script = [
    'import socket',
    'client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)',
    'client.settimeout(20)',
    `client.sendto(b'hello', ('${address}', ${port}))`,
    'print(client.recv(100).decode())',
  ];
  return ['python3', '-c', script.join('\n')];
}
