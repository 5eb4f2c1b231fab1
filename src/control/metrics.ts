import type { Logger } from '../log.ts';
import type { Family } from '../metrics/family.ts';
import { ownFigures } from '../metrics/process.ts';
import { serveMetrics as serve } from '../metrics/serve.ts';
import { metricFamilies } from './metric-families.ts';
import { type StatusContext, statusDocument } from './status.ts';

/** Serves the daemon's metrics where the configuration says; undefined when it says nowhere. @throws {MetasteerError} `listen-failed` */
export function serveMetrics(context: StatusContext, log: Logger): ReturnType<typeof serve> {
  return serve(context.config.current.metrics, () => collect(context), log);
}

async function collect(context: StatusContext): Promise<readonly Family[]> {
  const status = await statusDocument(context);
  return metricFamilies({ status, owners: context.traffic.owners(), process: ownFigures() });
}
