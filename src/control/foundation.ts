import type { LoadedConfig } from '../config/load.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import type { Programs } from '../kernel/programs.ts';
import type { Logger } from '../log.ts';
import { Drained } from './drained.ts';
import { History } from './history.ts';
import { Leftovers } from './leftovers.ts';
import { LiveConfig } from './live-config.ts';
import { OperatorValues } from './operator-values.ts';
import type { Port } from './port.ts';
import { PortNamespace, removeLeftNamespace } from './port-namespace.ts';
import { createMaps, preparePrograms } from './preflight.ts';
import { RequestRates } from './request-rates.ts';
import type { Stopper } from './stopper.ts';
import { Workers } from './workers.ts';

/** What everything else of a daemon is built on: made here, or taken over from a daemon that runs (take-over.ts). */
export interface Foundation {
  /** The configuration as it is in force. */
  readonly loaded: LoadedConfig;
  readonly config: LiveConfig;
  /** Keys whose values in the file are not in force. */
  readonly needsRestart: readonly string[];
  /** Descriptor of the lock. */
  readonly lock: number;
  readonly history: History;
  readonly leftovers: Leftovers;
  readonly drained: Drained;
  readonly operator: OperatorValues;
  readonly namespace: PortNamespace;
  readonly rates: RequestRates;
  readonly maps: SteeringMaps;
  readonly programs: Programs;
  /** They run. */
  readonly workers: Workers;
  /** Ports that are steered already. */
  readonly ports: readonly Port[];
  /** Whether it is what the service manager kept of a daemon that died; packets may have passed since. */
  readonly isResumed: boolean;
}

export interface FoundationContext {
  readonly stopper: Stopper;
  readonly log: Logger;
}

/**
 * @param lock its descriptor
 * @throws {MetasteerError} when something cannot be had; the stopper gives back what was begun
 */
export async function layFoundation(
  loaded: LoadedConfig,
  { stopper, log }: FoundationContext,
  lock: number,
): Promise<Foundation> {
  const config = new LiveConfig(loaded.config);
  const history = new History(log);
  if (await removeLeftNamespace(loaded.config)) {
    const what = 'the daemon before this one was killed: removed its namespace, and began anew';
    history.note('warn', what, { namespace: loaded.config.namespace });
  }
  const maps = stopper.owns(await createMaps(loaded.config));
  const namespace = stopper.owns(await PortNamespace.create(loaded.config));
  const rates = stopper.owns(new RequestRates());
  const workers = stopper.owns(new Workers({ config, namespace, rates, history, log }));
  // They load their code while interfaces are looked through and the kernel verifies the programs.
  const started = workers.start();
  started.catch(() => undefined);
  const leftovers = await Leftovers.clear(loaded.config, log);
  const programs = stopper.owns(await preparePrograms(maps));
  await started;
  return {
    ...{ loaded, config, lock, history, leftovers, namespace, rates, maps, programs, workers },
    needsRestart: [],
    drained: new Drained(),
    operator: new OperatorValues(),
    ports: [],
    isResumed: false,
  };
}
