import { setTimeout as sleep } from 'node:timers/promises';
import { UNLIMITED } from '../contest/contenders.ts';
import { Metasteer } from '../metasteer.ts';
import { withIdle } from './idle.ts';
import { measurePoint, type RampPoint, type RampStage } from './plan.ts';

const START_MS = 30_000;
const PER_ROUTER_MS = 200;
/** Routers that came make work a little longer. */
const CALM_MS = 3_000;

/** A daemon for idle connections, and another that steers more and more routers. */
export async function rampMetasteer(stage: RampStage): Promise<readonly RampPoint[]> {
  return [...(await withMoreIdle(stage)), ...(await withMorePorts(stage))];
}

function withMoreIdle(stage: RampStage): Promise<readonly RampPoint[]> {
  const { plan, tenant, progress } = stage;
  return withDaemon(stage, [tenant.id], async (daemon) => {
    const points: RampPoint[] = [];
    for (const count of plan.idle) {
      progress(`metasteer, ${count} idle connections`);
      const { open, run } = await withIdle(tenant, count, () => measurePoint(stage, measuredOf(daemon)));
      points.push({ axis: 'idle', contender: 'metasteer', amount: count, open, run });
    }
    return points;
  });
}

/** Routers that are not there yet are taken in as they come, as on a node. */
async function withMorePorts(stage: RampStage): Promise<readonly RampPoint[]> {
  const { plan, tenant, fleet, workspace, teardown, progress } = stage;
  const most = Math.max(...plan.ports);
  const ids = Array.from({ length: most - 1 }, (_, index) => workspace.routerId(index));
  const points = await withDaemon(stage, [tenant.id, ...ids], async (daemon) => {
    const points: RampPoint[] = [];
    for (const count of plan.ports) {
      progress(`metasteer, ${count} routers`);
      await fleet.keep(count - 1);
      await daemon.untilSteering(count, START_MS + count * PER_ROUTER_MS, teardown.signal);
      await sleep(CALM_MS, undefined, { signal: teardown.signal });
      points.push({
        axis: 'ports',
        contender: 'metasteer',
        amount: count,
        run: await measurePoint(stage, measuredOf(daemon)),
      });
    }
    return points;
  });
  // Their names are those of every fleet of the run.
  await fleet.keep(0);
  return points;
}

async function withDaemon(
  stage: RampStage,
  routers: readonly string[],
  measure: (daemon: Metasteer) => Promise<readonly RampPoint[]>,
): Promise<readonly RampPoint[]> {
  const { workspace, agentSocket, teardown } = stage;
  const daemon = new Metasteer({ workspace, agentSocket, routers, settings: UNLIMITED });
  teardown.add('daemon', async () => void (await daemon.stop()));
  try {
    await daemon.untilSteering(1, START_MS, teardown.signal);
    return await measure(daemon);
  } finally {
    await daemon.stop();
  }
}

function measuredOf(daemon: Metasteer) {
  return { proxy: () => daemon.processes };
}
