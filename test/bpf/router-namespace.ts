/** The namespaces of routers in which rows run: their routes and neighbours are what the programs ask. Needs root. */

import { runCommand } from '../../src/demo/command.ts';
import { Namespace } from '../../src/demo/namespace.ts';
import type { TestPlace } from '../../src/kernel/program.ts';
import { INSTANCE, OTHER_INSTANCE, ROUTER } from './frames.ts';

/** Interfaces a frame can come in at. */
export type At = 'router' | 'isolated' | 'anywhere';

/** Of the second interface of the router, and of the instance's second interface behind it. */
export const SECOND = { routerMac: 'fa:16:3e:00:01:01', instanceMac: 'fa:16:3e:00:01:0a' } as const;

/** Inode of the router's namespace as rows have it, in place of the true one. */
export const ROUTER_NETNS = 77;

export interface Places {
  readonly at: (where: At) => TestPlace;
  /** Index of the router's second interface. */
  readonly second: number;
  /** Has an interface have exactly these addresses, as `10.0.0.1/24`, while something is done. */
  readonly withAddresses: (
    all: readonly string[],
    use: (netns: string, ifindex: number) => Promise<void>,
  ) => Promise<void>;
}

interface Made {
  readonly namespaces: readonly Namespace[];
  readonly places: Places;
}

let made: Promise<Made> | undefined;
let users = 0;

/** Made for the first who asks, and removed with `leave` of the last. */
export async function enter(): Promise<Places> {
  users += 1;
  made ??= make();
  return (await made).places;
}

export async function leave(): Promise<void> {
  users -= 1;
  if (users > 0 || made === undefined) return;
  const { namespaces } = await made;
  made = undefined;
  for (const { name } of namespaces) await runCommand('ip', ['netns', 'del', name]);
}

async function make(): Promise<Made> {
  const router = await create('router');
  const anywhere = await create('anywhere');
  const first = await plug(router, 'qr-a', ROUTER.mac);
  const second = await plug(router, 'qr-b', SECOND.routerMac);
  await addresses(router, 'qr-a', '10.0.0.1/24', '2001:db8::1/64');
  await addresses(router, 'qr-b', '10.0.1.1/24', '2001:db8:1::1/64');
  await router.ip('route', 'add', '172.16.0.0/24', 'via', INSTANCE.ipv4, 'dev', 'qr-a');
  await router.ip('route', 'add', '198.51.100.0/24', 'dev', 'lo');
  await router.ip('route', 'add', 'blackhole', '203.0.113.0/24');
  for (const address of [INSTANCE.ipv4, '2001:db8::5']) await known(router, 'qr-a', address, INSTANCE.mac);
  await known(router, 'qr-a', OTHER_INSTANCE.ipv4, OTHER_INSTANCE.mac);
  for (const address of ['10.0.1.5', '2001:db8:1::5']) await known(router, 'qr-b', address, SECOND.instanceMac);

  const isolated = await plug(router, 'tap-c', 'fa:16:3e:00:03:01');
  await router.sysctl('0', 'ipv4/conf/tap-c/forwarding', 'ipv6/conf/tap-c/forwarding');
  const any = await plug(anywhere, 'qr-d', ROUTER.mac);
  await anywhere.ip('route', 'add', 'default', 'dev', 'qr-d');
  await anywhere.ip('-6', 'route', 'add', 'default', 'dev', 'qr-d');
  const places: Readonly<Record<At, TestPlace>> = {
    router: { netns: router.path, ifindex: first },
    isolated: { netns: router.path, ifindex: isolated },
    anywhere: { netns: anywhere.path, ifindex: any },
  };
  const scratch = await create('scratch');
  const ifindex = await plug(scratch, 'qr-e', ROUTER.mac);
  let present: readonly string[] = [];
  const withAddresses: Places['withAddresses'] = async (all, use) => {
    if (all.join() !== present.join()) {
      await scratch.ip('addr', 'flush', 'dev', 'qr-e', 'scope', 'global');
      await addresses(scratch, 'qr-e', ...all);
      present = all;
    }
    await use(scratch.path, ifindex);
  };
  return { namespaces: [router, anywhere, scratch], places: { at: (where) => places[where], second, withAddresses } };
}

async function create(name: string): Promise<Namespace> {
  const namespace = new Namespace(`ms${process.pid}-rows-${name}`);
  await runCommand('ip', ['netns', 'add', namespace.name]);
  await namespace.ip('link', 'set', 'lo', 'up');
  await namespace.sysctl('1', 'ipv4/ip_forward', 'ipv6/conf/all/forwarding');
  await namespace.sysctl('0', 'ipv6/conf/all/accept_dad', 'ipv6/conf/default/accept_dad');
  return namespace;
}

/** A veth whose other end stays in the namespace, unused: unlike a dummy it has neighbours. */
async function plug(namespace: Namespace, name: string, mac: string): Promise<number> {
  await namespace.ip('link', 'add', name, 'address', mac, 'type', 'veth', 'peer', 'name', `to-${name}`);
  await namespace.ip('link', 'set', name, 'up');
  await namespace.ip('link', 'set', `to-${name}`, 'up');
  return (await namespace.link(name)).index;
}

async function addresses(namespace: Namespace, name: string, ...all: readonly string[]): Promise<void> {
  for (const address of all)
    await namespace.ip('addr', 'add', address, 'dev', name, ...(address.includes(':') ? ['nodad'] : []));
}

async function known(namespace: Namespace, name: string, address: string, mac: string): Promise<void> {
  await namespace.ip('neigh', 'add', address, 'lladdr', mac, 'dev', name, 'nud', 'permanent');
}
