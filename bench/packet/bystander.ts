/** What others' traffic through a router interface costs: TCP throughput through one that is steered, beside one that is not. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from '../case.ts';
import { LineProcess } from '../line-process.ts';
import { Metasteer } from '../metasteer.ts';
import { needed, type Summary } from '../statistics.ts';
import { GATEWAY, type Tenant } from '../tenant.ts';

const GUARDS = {
  steered: {},
  'shield, generic': { xdp: 'always', xdp_mode: 'generic' },
  'shield, native': { xdp: 'always', xdp_mode: 'native' },
} as const;
export type BystanderMode = keyof typeof GUARDS;

export interface Bystander {
  readonly mode: BystanderMode;
  readonly gbitPerSecond: Summary;
  /** Through the interface with nothing attached. */
  readonly nothingGbitPerSecond: Summary;
  /** Pair by pair. */
  readonly ratio: Summary;
}

export interface BystanderPlan {
  /** Transfers through both interfaces, of so many megabytes each. */
  readonly pairs: Readonly<Record<BystanderMode, number>>;
  readonly megabytes: number;
}

/** Two tenants alike: the daemon knows the router of the first alone. */
export interface Neighbours {
  readonly steered: Tenant;
  readonly other: Tenant;
  readonly agentSocket: string;
}

const START_MS = 30_000;
/** A daemon that has started gives memory back two seconds later. */
const CALM_MS = 3_000;
const TRANSFER_MS = 60_000;

/** All modes one after the other. @throws {Error} when a mode cannot be had */
export async function measureBystanders(
  context: BenchContext,
  neighbours: Neighbours,
  plan: BystanderPlan,
): Promise<readonly Bystander[]> {
  const servers = [neighbours.steered, neighbours.other].map(
    ({ router }) => new LineProcess('ip', ['netns', 'exec', router.name, 'iperf3', '-s', '-B', GATEWAY]),
  );
  const close = () => {
    for (const server of servers) server.close();
  };
  context.teardown.add('iperf3', close);
  await sleep(500);
  const measured: Bystander[] = [];
  for (const mode of Object.keys(GUARDS) as BystanderMode[])
    measured.push(await inMode(context, neighbours, plan, mode));
  close();
  return measured;
}

async function inMode(
  { workspace, teardown, progress }: BenchContext,
  { steered, other, agentSocket }: Neighbours,
  { pairs, megabytes }: BystanderPlan,
  mode: BystanderMode,
): Promise<Bystander> {
  progress(`others' traffic, ${mode}, ${pairs[mode]} pairs`);
  const settings = { guard: GUARDS[mode] };
  const daemon = new Metasteer({ workspace, agentSocket, routers: [steered.id], settings });
  teardown.add('daemon', async () => void (await daemon.stop()));
  const [through, without]: [number[], number[]] = [[], []];
  const sides = [
    { tenant: steered, gbits: through },
    { tenant: other, gbits: without },
  ];
  try {
    await daemon.untilSteering(1, START_MS, teardown.signal);
    if (mode !== 'steered') await daemon.untilShielded(START_MS, teardown.signal);
    await sleep(CALM_MS, undefined, { signal: teardown.signal });
    for (let pair = 0; pair < pairs[mode]; pair += 1) {
      // Whatever the first of two has of being first, each has it as often.
      for (const { tenant, gbits } of pair % 2 === 0 ? sides : sides.toReversed()) {
        teardown.signal.throwIfAborted();
        gbits.push(await throughput(tenant, megabytes));
      }
    }
  } finally {
    await daemon.stop();
  }
  const ratios = through.map((value, index) => value / (without[index] ?? Number.NaN));
  return { mode, gbitPerSecond: needed(through), nothingGbitPerSecond: needed(without), ratio: needed(ratios) };
}

async function throughput({ instance }: Tenant, megabytes: number): Promise<number> {
  // Both ends on one processor, so that all the work of a packet is in the time it takes. With one for each the slower end hides
  // what the other does, and a queue that overflows between them makes the throughput differ by a quarter from run to run.
  const args = ['-c', GATEWAY, '-n', `${megabytes}M`, '-A', '0,0', '-J'];
  const text = await instance.run('iperf3', args, { timeoutMs: TRANSFER_MS });
  const { end } = JSON.parse(text) as { readonly end: { readonly sum_received: { readonly bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e9;
}
