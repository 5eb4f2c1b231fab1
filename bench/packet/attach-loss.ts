/** What a router interface loses of its own packets while programs are attached to it and detached. */
import { parsePortId } from '../../src/identity/port-id.ts';
import { Attachment } from '../../src/kernel/attachment.ts';
import { SteeringMaps } from '../../src/kernel/maps.ts';
import { Programs } from '../../src/kernel/programs.ts';
import type { BenchContext } from '../case.ts';
import { LineProcess } from '../line-process.ts';
import { macBytes } from '../packet-builder.ts';
import { INSTANCE_ADDRESS, ROUTER_INTERFACE, type Tenant } from '../tenant.ts';

export interface AttachLoss {
  readonly mode: 'nothing' | 'tcx' | 'clsact';
  readonly packets: number;
  readonly lost: number;
  /** How often it was attached and detached meanwhile. */
  readonly times: number;
  readonly attachMs: number;
  readonly detachMs: number;
}

const SECONDS = 4;
const PACKET_BYTES = 200;
const MEGABITS = 60;
const PAUSE_MS = 10;

/** UDP from the router to the instance, undisturbed and while a program goes on and off. */
export async function measureAttachLoss({ teardown }: BenchContext, tenant: Tenant): Promise<readonly AttachLoss[]> {
  const server = new LineProcess('ip', ['netns', 'exec', tenant.instance.name, 'iperf3', '-s', '-B', INSTANCE_ADDRESS]);
  teardown.add('iperf3', () => server.close());
  const maps = await SteeringMaps.create({ portsMax: 4, neighboursMax: 4, flowsMax: 4 });
  const programs = await Programs.prepare(maps);
  const mac = macBytes(tenant.routerMac);
  const program = await programs.loadMatch({ portId: parsePortId(0), routerMac: mac, deviceMac: mac, hold: 0 });
  const losses: AttachLoss[] = [];
  try {
    for (const mode of ['nothing', 'tcx', 'clsact'] as const) {
      teardown.signal.throwIfAborted();
      const sent = send(tenant);
      const done = mode === 'nothing' ? NONE : await attachAgainAndAgain(mode);
      losses.push({ mode, ...(await sent), ...done });
    }
  } finally {
    server.close();
    program.close();
    programs.close();
    maps.close();
  }
  return losses;

  async function attachAgainAndAgain(mode: 'tcx' | 'clsact'): Promise<typeof NONE> {
    const { index: ifindex } = await tenant.router.link(ROUTER_INTERFACE);
    const where = { netns: tenant.router.path, ifindex, hook: 'ingress' } as const;
    const took = { times: 0, attachMs: 0, detachMs: 0 };
    const end = performance.now() + (SECONDS - 1) * 1000;
    await pause(500);
    while (performance.now() < end) {
      const begun = performance.now();
      const attachment = await Attachment.attach(program, where, mode);
      const attached = performance.now();
      await pause(PAUSE_MS);
      const ending = performance.now();
      await attachment.detach();
      took.times += 1;
      took.attachMs += attached - begun;
      took.detachMs += performance.now() - ending;
      await pause(PAUSE_MS);
    }
    return { times: took.times, attachMs: took.attachMs / took.times, detachMs: took.detachMs / took.times };
  }
}

const NONE = { times: 0, attachMs: 0, detachMs: 0 };

async function send({ router }: Tenant): Promise<{ readonly packets: number; readonly lost: number }> {
  const args = ['-u', '-c', INSTANCE_ADDRESS, '-t', String(SECONDS), '-l', String(PACKET_BYTES), '-b', `${MEGABITS}M`];
  const text = await router.run('iperf3', [...args, '-J'], { timeoutMs: SECONDS * 1000 + 20_000 });
  const { end } = JSON.parse(text) as { readonly end: { readonly sum: { packets: number; lost_packets: number } } };
  return { packets: end.sum.packets, lost: end.sum.lost_packets };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
