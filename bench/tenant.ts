import { runCommand } from '../src/demo/command.ts';
import { Namespace } from '../src/demo/namespace.ts';
import { installNeutronRules } from '../src/demo/neutron-rules.ts';
import type { FleetRouter } from './routers.ts';
import type { Workspace } from './workspace.ts';

export const ROUTER_INTERFACE = 'qr-bench';
/** Where instances ask. */
export const METADATA_ADDRESS = '169.254.169.254';
export const GATEWAY = '10.0.0.1';
export const INSTANCE_ADDRESS = '10.0.0.5';
export const INSTANCE_MAC = '02:00:00:00:00:05';
const FIRST_HOST = 5;
/** Instances have addresses in 10.0.0.0/24, or in 10.0.0.0/22 where these are too few. */
const SMALL = { bits: 24, addresses: 240 } as const;
const LARGE = { bits: 22, addresses: 1000 } as const;

/** A router with Neutron's rules in it and one instance behind it. The same addresses in every tenant. */
export interface Tenant extends FleetRouter {
  readonly router: Namespace;
  readonly routerMac: string;
  readonly instance: Namespace;
  /** Of the instance, in a row. */
  readonly addresses: readonly string[];
}

export interface TenantPlan {
  /** Of letters and digits, for the instance's namespace. */
  readonly name: string;
  /** Of the router among the run's; beyond those of the fleet. */
  readonly index: number;
  /** How many addresses the instance has, so that it can stand for as many instances; one unless given. */
  readonly addresses?: number;
}

/**
 * Makes a tenant, its interface up. The workspace removes the namespaces.
 *
 * Both ends know each other's MAC for good: a question that ARP loses is asked again after a second, which would cover
 * what is measured.
 *
 * @throws {CommandError}
 */
export async function createTenant(
  workspace: Workspace,
  { name, index, addresses: count = 1 }: TenantPlan,
): Promise<Tenant> {
  if (count > LARGE.addresses)
    throw new RangeError(`an instance has at most ${LARGE.addresses} addresses, not ${count}`);
  const { bits } = count > SMALL.addresses ? LARGE : SMALL;
  const id = workspace.routerId(index);
  const router = new Namespace(`qrouter-${id}`);
  const instance = new Namespace(workspace.instanceNamespace(name));
  const addresses = Array.from({ length: count }, (_, n) => addressOf(FIRST_HOST + n));
  for (const each of [router, instance]) await runCommand('ip', ['netns', 'add', each.name]);
  const plug = ['name', 'eth0', 'address', INSTANCE_MAC, 'netns', instance.name];
  await router.ip('link', 'set', 'lo', 'up');
  await router.ip('link', 'add', 'name', ROUTER_INTERFACE, 'type', 'veth', 'peer', ...plug);
  await router.ip('addr', 'add', `${GATEWAY}/${bits}`, 'dev', ROUTER_INTERFACE);
  await router.ip('link', 'set', ROUTER_INTERFACE, 'up');
  await installNeutronRules(router, 'IPv4');
  const { mac: routerMac } = await router.link(ROUTER_INTERFACE);
  await inBatch(
    instance,
    addresses.map((address) => ['addr', 'add', `${address}/${bits}`, 'dev', 'eth0']),
  );
  await instance.ip('link', 'set', 'eth0', 'up');
  await instance.ip('route', 'add', 'default', 'via', GATEWAY);
  await instance.ip(...neighbour(GATEWAY, routerMac, 'eth0'));
  await inBatch(
    router,
    addresses.map((address) => neighbour(address, INSTANCE_MAC, ROUTER_INTERFACE)),
  );
  // Whoever closes a connection first keeps its port for a minute, and the client does, many times a second.
  await instance.sysctl('1', 'ipv4/tcp_tw_reuse');
  return { id, namespace: router.name, router, routerMac, instance, addresses };
}

/** Words for `ip` that make a MAC known for good, or until the interface goes down. */
export function neighbour(address: string, mac: string, device: string): readonly string[] {
  return ['neigh', 'replace', address, 'lladdr', mac, 'dev', device, 'nud', 'permanent'];
}

/** Of the n-th host in 10.0.0.0/16. */
function addressOf(host: number): string {
  return `10.0.${host >> 8}.${host & 255}`;
}

/** One process for hundreds of commands of `ip`. */
async function inBatch(namespace: Namespace, commands: readonly (readonly string[])[]): Promise<void> {
  const input = commands.map((words) => `${words.join(' ')}\n`).join('');
  await runCommand('ip', ['-n', namespace.name, '-batch', '-'], { input });
}
