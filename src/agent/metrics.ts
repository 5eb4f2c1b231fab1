import type { Logger } from '../log.ts';
import { ownFigures } from '../metrics/process.ts';
import { serveMetrics as serve } from '../metrics/serve.ts';
import { agentMetricFamilies } from './metric-families.ts';
import { type StatusParts, statusDocument } from './status.ts';

/** Serves the agent's metrics where its settings say; undefined when they say nowhere. @throws {MetasteerError} `listen-failed` */
export function serveMetrics(parts: StatusParts, log: Logger): ReturnType<typeof serve> {
  const { settings, resolver, nova, server } = parts;
  const look = async () =>
    agentMetricFamilies({
      status: statusDocument(parts),
      times: {
        request: server.times.counted,
        lookup: resolver.lookupTimes.counted,
        queue: nova.queueTimes.counted,
        nova: nova.replyTimes.counted,
      },
      process: ownFigures(),
    });
  return serve(settings.metrics, look, log);
}
