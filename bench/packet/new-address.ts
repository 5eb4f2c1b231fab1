/** What a SYN of an address costs that is new at a port: where the router's tables are asked. Needs root. */
import { runCommand } from '../../src/demo/command.ts';
import { Namespace } from '../../src/demo/namespace.ts';
import { parsePortId } from '../../src/identity/port-id.ts';
import { SteeringMaps } from '../../src/kernel/maps.ts';
import { Programs } from '../../src/kernel/programs.ts';
import { ethernet, frame, ipv4, ipv6, macBytes, SYN, tcp } from '../packet-builder.ts';
import { summarise } from '../statistics.ts';
import type { ProgramRun } from './runs.ts';

const PORT = parsePortId(0);
const ROUTER = 'fa:16:3e:00:00:01';
const INSTANCE = 'fa:16:3e:00:00:0a';
const SECOND = 10n ** 9n;
/** A network behind an instance, so that one entry of the neighbour table stands for as many addresses as are wanted. */
const FAMILIES = [
  { name: 'IPv4', build: ipv4, to: '169.254.169.254', net: '10.99.0.0/16', via: '10.0.0.5' },
  { name: 'IPv6', build: ipv6, to: 'fe80::a9fe:a9fe', net: '2001:db8:99::/64', via: '2001:db8::5' },
] as const;

/**
 * One run for each of so many addresses, in a namespace that forwards, with a route and a neighbour entry: so caches are as cold
 * as a thread that has just begun finds them.
 *
 * @throws {Error} when a SYN is not steered
 */
export async function measureNewAddresses(addresses: number): Promise<readonly ProgramRun[]> {
  const router = new Namespace(`ms${process.pid}-new-address`);
  await runCommand('ip', ['netns', 'add', router.name]);
  const maps = await SteeringMaps.create({ portsMax: 1, neighboursMax: 2 * addresses, flowsMax: 2 * addresses });
  const programs = await Programs.prepare(maps);
  const macs = { routerMac: macBytes(ROUTER), deviceMac: macBytes('fa:16:3e:00:00:fe') };
  const match = await programs.loadMatch({ portId: PORT, ...macs, hold: 0 });
  try {
    const place = { netns: router.path, ifindex: await routerInterface(router) };
    await maps.beginPort(PORT, macs);
    writeSettings(maps, addresses);
    return FAMILIES.map(({ name, build, to }) => {
      const before = maps.counters(PORT).steer_syn;
      const took = Array.from({ length: addresses }, (_, n) => {
        const from = name === 'IPv4' ? `10.99.${n >> 8}.${n & 0xff}` : `2001:db8:99::${(n + 1).toString(16)}`;
        const syn = frame(
          ethernet({ from: INSTANCE, to: ROUTER }),
          build({ from, to }),
          tcp({ from: 40_000, to: 80, flags: SYN }),
        );
        return match.testRun(syn, 1, place).durationNs;
      });
      const steered = maps.counters(PORT).steer_syn - before;
      if (steered !== addresses) throw new Error(`${steered} of ${addresses} SYNs were steered, ${name}`);
      const ns = summarise(took);
      if (ns === undefined) throw new RangeError('no addresses');
      return { name: `SYN of a new address, ${name}`, program: 'steer', isMiss: false, ns };
    });
  } finally {
    match.close();
    programs.close();
    maps.close();
    await runCommand('ip', ['netns', 'del', router.name]);
  }
}

async function routerInterface(router: Namespace): Promise<number> {
  await router.sysctl('1', 'ipv4/ip_forward', 'ipv6/conf/all/forwarding');
  await router.ip('link', 'add', 'qr-a', 'address', ROUTER, 'type', 'veth', 'peer', 'name', 'to-qr-a');
  for (const each of ['qr-a', 'to-qr-a']) await router.ip('link', 'set', each, 'up');
  await router.ip('addr', 'add', '10.0.0.1/24', 'dev', 'qr-a');
  await router.ip('addr', 'add', '2001:db8::1/64', 'dev', 'qr-a', 'nodad');
  for (const { net, via } of FAMILIES) {
    await router.ip('route', 'add', net, 'via', via, 'dev', 'qr-a');
    await router.ip('neigh', 'add', via, 'lladdr', INSTANCE, 'dev', 'qr-a', 'nud', 'permanent');
  }
  return (await router.link('qr-a')).index;
}

function writeSettings(maps: SteeringMaps, addresses: number): void {
  const unlimited = { intervalNs: 0n, burstNs: 0n };
  maps.writeSettings({
    ...{ heartbeatNs: process.hrtime.bigint(), staleAfterNs: 3600n * SECOND, takingOverUntilNs: 0n },
    ...{ portRate: unlimited, sourceRate: unlimited },
    ...{ portOpenMax: 8 * addresses, sourceOpenMax: 8, neighboursPerPortMax: 8 * addresses },
  });
}
