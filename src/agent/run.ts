/** The agent's life, top to bottom: build the parts, listen, serve until a signal comes, give everything back. */
import { messageOf, stackOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { type AdminRoute, AdminServer } from '../unix/admin-server.ts';
import { LocalOwners } from './local-owners.ts';
import { serveMetrics } from './metrics.ts';
import { NovaClient } from './nova-client.ts';
import { AgentServer } from './server.ts';
import type { AgentSettings } from './settings/settings.ts';
import type { OpenResolver } from './sources.ts';
import { statusDocument } from './status.ts';

/** For the owners of the largest node. */
const OWNERS_BODY_MAX = 4 * 1_048_576;

export interface RunOptions {
  readonly settings: AgentSettings;
  readonly log: Logger;
  /** Opens what instances are looked up with. */
  readonly openResolver: (settings: AgentSettings, log: Logger) => Promise<OpenResolver>;
  /** Ends the agent. Its reason is logged; an error in it is thrown in the end. */
  readonly signal: AbortSignal;
}

/**
 * Runs the agent until the signal.
 *
 * @throws {MetasteerError} when it cannot start; everything begun has then been undone.
 */
export async function runAgent({ settings, log, openResolver, signal }: RunOptions): Promise<void> {
  const nova = new NovaClient(settings.nova, log);
  const undo: (() => Promise<void>)[] = [() => nova.destroy()];
  try {
    const { resolver, close } = await openResolver(settings, log);
    undo.push(close);
    const owners = new LocalOwners(log);
    const server = new AgentServer({ settings, resolver, nova, owners, log });
    const parts = { settings, resolver, nova, owners, server };
    const status = () => statusDocument(parts);
    const routes: readonly AdminRoute[] = [
      { method: 'GET', shown: 'GET /v1/status', path: /^\/v1\/status$/, act: status },
      {
        method: 'PUT',
        shown: 'PUT /v1/owners, for the daemon',
        path: /^\/v1\/owners$/,
        bodyMax: OWNERS_BODY_MAX,
        act: async (_, body) => ({ owners: owners.take(await body()) }),
      },
    ];
    const admin = await AdminServer.listen(settings.admin.socket, routes, (error) => {
      log.error({ error: stackOf(error) }, 'internal error');
    });
    undo.push(() => admin.close());
    const metrics = await serveMetrics(parts, log);
    if (metrics !== undefined) undo.push(() => metrics.close());
    // Last, so that nobody is served by an agent that then does not start; and stopped first.
    await server.listen();
    undo.push(() => server.stop(settings.drainMs));
    log.info(
      { socket: settings.socket.path, nova: settings.nova.addresses, source: settings.resolver.source },
      'started',
    );
    await aborted(signal);
    log.info({ reason: messageOf(signal.reason) }, 'stopping');
  } finally {
    for (const action of undo.reverse()) await action();
  }
  log.info('stopped');
  if (signal.reason instanceof Error) throw signal.reason;
}

/**
 * Builds what would run, asks nobody, and gives it back: whatever is wrong with a file that the settings name shows.
 *
 * @throws {MetasteerError} as `runAgent`
 */
export async function checkAgent({ settings, log, openResolver }: Omit<RunOptions, 'signal'>): Promise<void> {
  await new NovaClient(settings.nova, log).destroy();
  await (await openResolver(settings, log)).close();
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
