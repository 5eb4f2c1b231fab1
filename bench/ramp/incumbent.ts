import { type Haproxy, Incumbent } from '../incumbent.ts';
import { withIdle } from './idle.ts';
import { measurePoint, type RampPoint, type RampStage } from './plan.ts';

/** One haproxy per router, more and more of them; then idle connections at the one that is asked. */
export async function rampIncumbent(stage: RampStage): Promise<readonly RampPoint[]> {
  const { workspace, agentSocket, plan, tenant, fleet, teardown, progress } = stage;
  const incumbent = await Incumbent.prepare(workspace, agentSocket);
  const running: Haproxy[] = [await incumbent.spawn(tenant)];
  const measured = { proxy: () => running.map(({ pid }) => pid) };
  const points: RampPoint[] = [];
  try {
    for (const count of plan.idle.filter((each) => each <= plan.haproxyIdle)) {
      progress(`haproxy, ${count} idle connections`);
      const { open, run } = await withIdle(tenant, count, () => measurePoint(stage, measured));
      points.push({ axis: 'idle', contender: 'haproxy', amount: count, open, run });
    }
    for (const count of plan.ports.filter((each) => each <= plan.haproxies)) {
      progress(`haproxy, ${count} routers`);
      await fleet.grow(count - 1);
      for (const router of fleet.first(count - 1).slice(running.length - 1)) {
        teardown.signal.throwIfAborted();
        running.push(await incumbent.spawn(router));
      }
      points.push({ axis: 'ports', contender: 'haproxy', amount: count, run: await measurePoint(stage, measured) });
    }
  } finally {
    await Promise.all(running.map((each) => each.stop()));
  }
  await fleet.keep(0);
  return points;
}
