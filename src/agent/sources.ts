import { MetasteerError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ResolverLike } from './resolver-like.ts';
import type { AgentSettings } from './settings/settings.ts';

/** A resolver over the source that the settings name, and how it is let go. */
export interface OpenResolver {
  readonly resolver: ResolverLike;
  readonly close: () => Promise<void>;
}

/**
 * Opens the source of `resolver.source`.
 *
 * @throws {MetasteerError} when it cannot be used
 */
export async function openResolver({ resolver }: AgentSettings, _log: Logger): Promise<OpenResolver> {
  throw new MetasteerError(
    'config-invalid-value',
    `resolver.source: there is no source ${resolver.source} in this build`,
  );
}
