import type { Logger } from '../log.ts';
import { metricFamilies } from './metric-families.ts';
import { type StatusContext, statusDocument } from './status.ts';

/** A thing that is open until it is closed. */
interface Closeable {
  close(): Promise<void>;
}

/** Serves the daemon's metrics where the configuration says; undefined when it says nowhere. @throws {MetasteerError} `listen-failed` */
export async function serveMetrics(context: StatusContext, log: Logger): Promise<Closeable | undefined> {
  const { socket, listen } = context.config.current.metrics;
  if (socket === undefined && listen === undefined) return undefined;
  // Its library is loaded only by those who use it.
  const [{ MetricsServer }, { render }] = await Promise.all([
    import('../metrics/server.ts'),
    import('../metrics/render.ts'),
  ]);
  const places = { ...(socket === undefined ? {} : { socket }), ...(listen === undefined ? {} : { listen }) };
  return MetricsServer.listen(places, async () => render(await collect(context)), log);
}

async function collect(context: StatusContext) {
  const status = await statusDocument(context);
  const { user, system } = process.cpuUsage();
  return metricFamilies({
    status,
    owners: context.traffic.owners(),
    process: {
      startedAtSeconds: Math.round(performance.timeOrigin / 1000),
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
    },
  });
}
