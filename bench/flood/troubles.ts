/** What one tenant does while the other is measured. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LineProcess } from '../line-process.ts';
import type { Metasteer } from '../metasteer.ts';
import type { SynFlooder } from '../syn-flood.ts';
import { INSTANCE_MAC, type Tenant } from '../tenant.ts';

const IDLE_CLIENT = fileURLToPath(new URL('../idle-client.js', import.meta.url));
const IDLE_CONNECTIONS = 1000;
/** Limits that let all of them in: twice what they need. */
const RAISED = { source_connections: 2 * IDLE_CONNECTIONS, source_burst: 2 * IDLE_CONNECTIONS };
const ANSWER_MS = 10_000;
const OPEN_MS = 2_000;
/** Of addresses that no instance has. */
const FORGED = { first: '10.0.1.0', count: 4000 } as const;

export interface Trouble {
  readonly name: string;
  /** Begins, has the measurement made in the middle of it, and ends; says how much of it there was. */
  readonly during: (measure: () => Promise<void>) => Promise<number>;
}

export interface TroubleMaker {
  readonly tenant: Tenant;
  readonly flooder: SynFlooder;
  /** How long the measurement takes. */
  readonly seconds: number;
}

/** In the order in which they are to happen: what a flood leaves behind is the last thing. */
export function troublesOf(maker: TroubleMaker, daemon: Metasteer): readonly Trouble[] {
  return [
    {
      name: 'none',
      during: async (measure) => {
        await measure();
        return 0;
      },
    },
    { name: `${IDLE_CONNECTIONS} idle connections`, during: (measure) => idle(maker.tenant, measure) },
    {
      name: `${IDLE_CONNECTIONS} idle connections, limits raised`,
      during: (measure) => withRaisedLimits(daemon, () => idle(maker.tenant, measure)),
    },
    { name: 'SYNs from one address', during: (measure) => flood(maker, maker.tenant.addresses[0] ?? '', 1, measure) },
    {
      name: `SYNs from ${FORGED.count} addresses`,
      during: (measure) => flood(maker, FORGED.first, FORGED.count, measure),
    },
  ];
}

async function flood(
  { tenant, flooder, seconds }: TroubleMaker,
  firstSource: string,
  sources: number,
  measure: () => Promise<void>,
): Promise<number> {
  const addresses = { interface: 'eth0', routerMac: tenant.routerMac, sourceMac: INSTANCE_MAC, firstSource };
  const sent = flooder.run(tenant.instance, { ...addresses, sources, seconds });
  await Promise.all([sent, measure()]);
  return sent;
}

async function idle(tenant: Tenant, measure: () => Promise<void>): Promise<number> {
  const words = ['netns', 'exec', tenant.instance.name, process.execPath, IDLE_CLIENT, String(IDLE_CONNECTIONS)];
  const client = new LineProcess('ip', words);
  try {
    await sleep(OPEN_MS);
    await measure();
    client.send('how many');
    return Number(await client.line(ANSWER_MS));
  } finally {
    client.close();
  }
}

async function withRaisedLimits(daemon: Metasteer, happen: () => Promise<number>): Promise<number> {
  const before = (await daemon.status()).daemon.limits;
  await daemon.limit(RAISED);
  try {
    return await happen();
  } finally {
    await daemon.limit(Object.fromEntries(Object.keys(RAISED).map((key) => [key, before[key as keyof typeof before]])));
  }
}
