import { runCommand } from '../src/demo/command.ts';
import { Namespace } from '../src/demo/namespace.ts';
import { installNeutronRules } from '../src/demo/neutron-rules.ts';
import type { FleetRouter } from './routers.ts';
import type { Workspace } from './workspace.ts';

export const ROUTER_INTERFACE = 'qr-bench';
export const GATEWAY = '10.0.0.1';
export const INSTANCE_ADDRESS = '10.0.0.5';
export const INSTANCE_MAC = '02:00:00:00:00:05';

/** A router with Neutron's rules in it and one instance behind it. The same addresses in every tenant. */
export interface Tenant extends FleetRouter {
  readonly router: Namespace;
  readonly routerMac: string;
  readonly instance: Namespace;
}

/**
 * Makes a tenant, its interface up. The workspace removes the namespaces.
 *
 * Both ends know each other's MAC for good: a question that ARP loses is asked again after a second, which would cover
 * what is measured.
 *
 * @param index of the router among the run's; beyond those of the fleet
 * @throws {CommandError}
 */
export async function createTenant(workspace: Workspace, name: string, index: number): Promise<Tenant> {
  const id = workspace.routerId(index);
  const router = new Namespace(`qrouter-${id}`);
  const instance = new Namespace(workspace.instanceNamespace(name));
  for (const each of [router, instance]) await runCommand('ip', ['netns', 'add', each.name]);
  const plug = ['name', 'eth0', 'address', INSTANCE_MAC, 'netns', instance.name];
  await router.ip('link', 'set', 'lo', 'up');
  await router.ip('link', 'add', 'name', ROUTER_INTERFACE, 'type', 'veth', 'peer', ...plug);
  await router.ip('addr', 'add', `${GATEWAY}/24`, 'dev', ROUTER_INTERFACE);
  await router.ip('link', 'set', ROUTER_INTERFACE, 'up');
  await installNeutronRules(router, 'IPv4');
  const { mac: routerMac } = await router.link(ROUTER_INTERFACE);
  await instance.ip('addr', 'add', `${INSTANCE_ADDRESS}/24`, 'dev', 'eth0');
  await instance.ip('link', 'set', 'eth0', 'up');
  await instance.ip('route', 'add', 'default', 'via', GATEWAY);
  await instance.ip(...neighbour(GATEWAY, routerMac, 'eth0'));
  await router.ip(...neighbour(INSTANCE_ADDRESS, INSTANCE_MAC, ROUTER_INTERFACE));
  return { id, namespace: router.name, router, routerMac, instance };
}

/** Words for `ip` that make a MAC known for good, or until the interface goes down. */
export function neighbour(address: string, mac: string, device: string): readonly string[] {
  return ['neigh', 'replace', address, 'lladdr', mac, 'dev', device, 'nud', 'permanent'];
}
