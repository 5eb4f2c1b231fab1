/** What others' traffic through a router interface costs: TCP throughput with nothing attached, with us, and with the shield. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from '../case.ts';
import { LineProcess } from '../line-process.ts';
import { Metasteer } from '../metasteer.ts';
import { needed, type Summary } from '../statistics.ts';
import { GATEWAY, type Tenant } from '../tenant.ts';

const MODES = ['none', 'steered', 'shield, generic', 'shield, native'] as const;
export type BystanderMode = (typeof MODES)[number];

export interface Bystander {
  readonly mode: BystanderMode;
  readonly gbitPerSecond: Summary;
  /** Throughput over that with nothing attached in the same round. */
  readonly ratio: Summary;
}

const START_MS = 30_000;
const CALM_MS = 1000;

/** Runs all modes in turn, so many rounds of so many seconds each. @throws {Error} when a mode cannot be had */
export async function measureBystanders(
  context: BenchContext,
  { tenant, agentSocket }: { readonly tenant: Tenant; readonly agentSocket: string },
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<readonly Bystander[]> {
  const server = new LineProcess('ip', ['netns', 'exec', tenant.router.name, 'iperf3', '-s', '-B', GATEWAY]);
  context.teardown.add('iperf3', () => server.close());
  await sleep(500);
  const gbits = new Map<BystanderMode, number[]>(MODES.map((mode) => [mode, []]));
  for (let round = 1; round <= rounds; round += 1) {
    context.progress(`others' traffic, round ${round} of ${rounds}`);
    for (const mode of MODES) {
      context.teardown.signal.throwIfAborted();
      gbits.get(mode)?.push(await inMode(context, tenant, agentSocket, mode, () => throughput(tenant, seconds)));
    }
  }
  server.close();
  const base = gbits.get('none') ?? [];
  return MODES.map((mode) => {
    const values = gbits.get(mode) ?? [];
    const ratios = values.map((value, index) => value / (base[index] ?? Number.NaN));
    return { mode, gbitPerSecond: needed(values), ratio: needed(ratios) };
  });
}

async function inMode(
  { workspace, teardown }: BenchContext,
  tenant: Tenant,
  agentSocket: string,
  mode: BystanderMode,
  measure: () => Promise<number>,
): Promise<number> {
  if (mode === 'none') return measure();
  const guard = mode === 'steered' ? {} : { xdp: 'always', xdp_mode: mode === 'shield, native' ? 'native' : 'generic' };
  const daemon = new Metasteer({ workspace, agentSocket, routers: [tenant.id], settings: { guard } });
  teardown.add('daemon', async () => void (await daemon.stop()));
  try {
    await daemon.untilSteering(1, START_MS, teardown.signal);
    if (mode !== 'steered') await daemon.untilShielded(START_MS, teardown.signal);
    // What a daemon does once when it has started is not what is measured.
    await sleep(CALM_MS);
    return await measure();
  } finally {
    await daemon.stop();
  }
}

async function throughput({ instance }: Tenant, seconds: number): Promise<number> {
  // Each end on a processor of its own: where the scheduler puts them makes more difference than what is measured.
  const args = ['-c', GATEWAY, '-t', String(seconds), '-A', '0,1', '-J'];
  const text = await instance.run('iperf3', args, { timeoutMs: seconds * 1000 + 20_000 });
  const { end } = JSON.parse(text) as { readonly end: { readonly sum_received: { readonly bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e9;
}
