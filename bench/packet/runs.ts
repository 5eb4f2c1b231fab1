/** What one packet costs in each program: nanoseconds per run by BPF_PROG_TEST_RUN, without an interface. */
import { parsePortId } from '../../src/identity/port-id.ts';
import type { VerdictName } from '../../src/kernel/layout.gen.ts';
import { FLOW_FLAG } from '../../src/kernel/layout.gen.ts';
import { SteeringMaps } from '../../src/kernel/maps.ts';
import type { SteeringProgram } from '../../src/kernel/program.ts';
import { Programs } from '../../src/kernel/programs.ts';
import {
  ACK,
  arpRequest,
  bytes,
  ethernet,
  frame,
  ipv4,
  ipv6,
  type Layer,
  macBytes,
  PSH,
  SYN,
  tcp,
} from '../packet-builder.ts';
import { type Summary, summarise } from '../statistics.ts';

export interface ProgramRun {
  readonly name: string;
  readonly program: 'match' | 'steer' | 'restore' | 'guard';
  /** Packets of others, for which a bar holds. */
  readonly isMiss: boolean;
  /** Nanoseconds per run. */
  readonly ns: Summary;
}

const PORT = parsePortId(0);
/** The device BPF_PROG_TEST_RUN has a packet on: the loopback. */
const IFINDEX = 1;
const ROUTER = 'fa:16:3e:00:00:01';
const INSTANCE = 'fa:16:3e:00:00:0a';
const CLIENT_PORT = 40_000;
const SECOND = 10n ** 9n;
const HOUR = 3600n * SECOND;
const PER_SECOND = 1_000_000n;

interface Case {
  readonly name: string;
  readonly way: 'in' | 'out' | 'shield';
  readonly frame: Buffer;
  readonly verdict: VerdictName;
  readonly takingOver?: true;
  readonly overLimit?: true;
}

const toOthers = (...layers: readonly Layer[]) => frame(ethernet({ from: INSTANCE, to: ROUTER }), ...layers);
const request = (flags: number, payload = '') =>
  toOthers(
    ipv4({ from: '10.0.0.5', to: '169.254.169.254' }),
    tcp({ from: CLIENT_PORT, to: 80, flags }),
    bytes(0, payload),
  );
const reply = (flags: number, payload = '') =>
  frame(
    ethernet({ from: ROUTER, to: ROUTER }),
    ipv4({ from: '169.254.169.254', to: '10.0.0.5' }),
    tcp({ from: 80, to: CLIENT_PORT, flags }),
    bytes(0, payload),
  );

const GET = 'GET /openstack/latest/meta_data.json HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n';
const BULK = 'x'.repeat(1400);
const othersTcp = toOthers(
  ipv4({ from: '10.0.0.5', to: '10.0.0.1' }),
  tcp({ from: CLIENT_PORT, to: 443, flags: ACK }),
  bytes(0, BULK),
);
const othersTcp6 = toOthers(
  ipv6({ from: 'fd00::5', to: 'fd00::1' }),
  tcp({ from: CLIENT_PORT, to: 443, flags: ACK }),
  bytes(0, BULK),
);
const arp = toOthers(arpRequest({ mac: INSTANCE, from: '10.0.0.5', to: '10.0.0.1' }));

const CASES: readonly Case[] = [
  { name: 'others’ IPv4', way: 'in', frame: othersTcp, verdict: 'pass_other_address' },
  { name: 'others’ IPv6', way: 'in', frame: othersTcp6, verdict: 'pass_other_address' },
  { name: 'ARP', way: 'in', frame: arp, verdict: 'pass_other_protocol' },
  { name: 'SYN', way: 'in', frame: request(SYN), verdict: 'steer_syn_again' },
  { name: 'request', way: 'in', frame: request(PSH | ACK, GET), verdict: 'steer_data' },
  {
    name: 'request while taking over',
    way: 'in',
    frame: request(PSH | ACK, GET),
    verdict: 'steer_data',
    takingOver: true,
  },
  { name: 'SYN over a limit', way: 'in', frame: request(SYN), verdict: 'drop_source_rate', overLimit: true },
  { name: 'ACK of the service', way: 'out', frame: reply(ACK), verdict: 'restore_reply' },
  { name: 'response', way: 'out', frame: reply(PSH | ACK, BULK), verdict: 'restore_reply' },
  { name: 'others’ IPv4', way: 'shield', frame: othersTcp, verdict: 'guard_passed' },
  { name: 'SYN', way: 'shield', frame: request(SYN), verdict: 'guard_passed' },
  { name: 'SYN over a limit', way: 'shield', frame: request(SYN), verdict: 'guard_source_rate', overLimit: true },
];

const PROGRAMS = { in: 'steer', out: 'restore', shield: 'guard' } as const;

/**
 * Runs every case.
 *
 * The port device has the router's MAC here: ms_steer writes it into the frame, and the next run finds the same frame.
 *
 * @param samples of `repeat` runs each
 * @throws {Error} when a packet ends with another verdict than it should
 */
export async function measureRuns(samples: number, repeat: number): Promise<readonly ProgramRun[]> {
  const maps = await SteeringMaps.create({ portsMax: 4, neighboursMax: 64, flowsMax: 64 });
  const programs = await Programs.prepare(maps);
  const macs = { routerMac: macBytes(ROUTER), deviceMac: macBytes(ROUTER) };
  const constants = { portId: PORT, ...macs, hold: 0 };
  const loaded = {
    in: await programs.loadMatch(constants),
    out: programs.restore,
    shield: await programs.loadGuard(constants),
  };
  try {
    const runs: ProgramRun[] = [];
    for (const each of CASES) {
      await prepare(maps, each);
      const ns = sample(maps, loaded[each.way], each, samples, repeat);
      const isMiss = each.way === 'in' && each.verdict.startsWith('pass_');
      runs.push({ name: each.name, program: isMiss ? 'match' : PROGRAMS[each.way], isMiss, ns });
    }
    return runs;
  } finally {
    loaded.in.close();
    loaded.shield.close();
    programs.close();
    maps.close();
  }
}

/** A client that is known, with one connection, and limits that hold or are exceeded. */
async function prepare(maps: SteeringMaps, { takingOver, overLimit }: Case): Promise<void> {
  const now = process.hrtime.bigint();
  const address = Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff, 10, 0, 0, 5])]);
  const macs = { routerMac: macBytes(ROUTER), deviceMac: macBytes(ROUTER) };
  await maps.beginPort(PORT, { ...macs, takingOverUntilNs: takingOver ? now + HOUR : 0n });
  maps.addDevice(IFINDEX, PORT);
  const rate = { intervalNs: SECOND / PER_SECOND, burstNs: 100n * SECOND };
  maps.writeSettings({
    heartbeatNs: now,
    staleAfterNs: HOUR,
    takingOverUntilNs: 0n,
    portRate: rate,
    sourceRate: rate,
    portOpenMax: 1000,
    sourceOpenMax: 1000,
    neighboursPerPortMax: 1000,
  });
  const busyUntilNs = overLimit ? now + HOUR : 0n;
  const neighbour = {
    ...{ mac: macBytes(INSTANCE), seenNs: now, busyUntilNs, open: 1, confirmed: 1 },
    // The router approved of it: for as long as the bench takes.
    ...{ checkedNs: now + HOUR, answeredNs: 0n, answerMac: new Uint8Array(6) },
  };
  maps.writeNeighbour({ portId: PORT, address }, neighbour);
  const clientPort = ((CLIENT_PORT & 0xff) << 8) | (CLIENT_PORT >> 8);
  const sequence = { clientNext: 1001, serviceAck: 1001, serviceFirst: 2000 };
  const flow = {
    seenNs: now,
    flags: FLOW_FLAG.MS_FLOW_ANSWERED | FLOW_FLAG.MS_FLOW_ACCEPTED,
    mac: macBytes(INSTANCE),
    ...sequence,
  };
  maps.writeFlow({ portId: PORT, address, clientPort }, flow);
}

function sample(
  maps: SteeringMaps,
  program: SteeringProgram,
  { name, frame: packet, verdict }: Case,
  samples: number,
  repeat: number,
): Summary {
  const nanoseconds = Array.from({ length: samples }, () => program.testRun(packet, repeat).durationNs);
  const counted = maps.counters(PORT)[verdict];
  if (counted !== samples * repeat)
    throw new Error(`${name}: ${counted} of ${samples * repeat} packets ended as ${verdict}`);
  const summary = summarise(nanoseconds);
  if (summary === undefined) throw new RangeError('no samples');
  return summary;
}
