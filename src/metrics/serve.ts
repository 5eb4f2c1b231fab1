import type { Logger } from '../log.ts';
import type { Family } from './family.ts';
import type { MetricsPlaces } from './server.ts';

/** A thing that is open until it is closed. */
interface Closeable {
  close(): Promise<void>;
}

/**
 * Serves metrics where the settings say; undefined when they say nowhere.
 *
 * @param look called for each scrape, but for those that come while one is under way
 * @throws {MetasteerError} `listen-failed`
 */
export async function serveMetrics(
  { socket, listen }: MetricsPlaces,
  look: () => Promise<readonly Family[]>,
  log: Logger,
): Promise<Closeable | undefined> {
  if (socket === undefined && listen === undefined) return undefined;
  // Its library is loaded only by those who use it.
  const [{ MetricsServer }, { render }] = await Promise.all([import('./server.ts'), import('./render.ts')]);
  const places = { ...(socket === undefined ? {} : { socket }), ...(listen === undefined ? {} : { listen }) };
  return MetricsServer.listen(places, async () => render(await look()), log);
}
