import type { LoadedConfig } from '../config/load.ts';
import { SHARED_MAPS, SteeringMaps } from '../kernel/maps.ts';
import { RateTable } from '../kernel/rates.ts';
import { resolveAt } from '../kernel/resolver.ts';
import { adoptPort } from './adopt.ts';
import { portMessage } from './attach.ts';
import { replacePrograms } from './attached-programs.ts';
import { Drained } from './drained.ts';
import type { Foundation, FoundationContext } from './foundation.ts';
import type { HandOverDocument } from './hand-over-document.ts';
import { History } from './history.ts';
import { LiveConfig } from './live-config.ts';
import { OperatorValues } from './operator-values.ts';
import type { PortNamespace } from './port-namespace.ts';
import { preparePrograms } from './preflight.ts';
import { RequestRates } from './request-rates.ts';
import { Workers } from './workers.ts';

/** What another daemon left, whether that one lives or not. */
export interface Inheritance {
  readonly document: HandOverDocument;
  /** The descriptor at a place. @throws {Error} when there is none */
  readonly at: (place: number) => number;
  readonly namespace: PortNamespace;
  /** The configuration as it will be in force. */
  readonly loaded: LoadedConfig;
}

/** The part of a foundation that is made of an inheritance. */
export type Succession = Pick<
  Foundation,
  | ('config' | 'history' | 'namespace' | 'rates' | 'maps' | 'programs')
  | ('workers' | 'ports' | 'loaded' | 'drained' | 'operator')
>;

/**
 * Serves with what another daemon left: workers of its own on the listening sockets, and its own programs on the maps. What was
 * attached stays, or is replaced in one step where the programs differ.
 *
 * @throws {MetasteerError} `bpf-load-failed`, `worker-…`; the stopper closes workers and programs, the rest is the caller's
 */
export async function succeed(
  { document, at, namespace, loaded }: Inheritance,
  { stopper, log }: FoundationContext,
): Promise<Succession> {
  const config = new LiveConfig(loaded.config);
  const history = new History(log, document.events);
  const rates = new RequestRates(document.ratesAt === -1 ? undefined : RateTable.adopt(at(document.ratesAt)));
  const mapFds = Array.from({ length: SHARED_MAPS }, (_, index) => at(document.mapsAt + index));
  const maps = SteeringMaps.adopt(mapFds, document.kept.ports_max);
  const workers = stopper.owns(new Workers({ config, namespace, rates, history, log }));
  const operator = OperatorValues.of(document.operator);
  const started = workers.start(operator.workers);
  started.catch(() => undefined);
  const programs = stopper.owns(await preparePrograms(maps, 'later'));
  await started;
  const ports = document.ports.map((described) => adoptPort(described, { maps, namespace, workers, at }));

  // From here on both serve, where the one before lives; what is changed is put back by it when this one ends.
  programs.activate();
  await replacePrograms(programs, { ports, hold: loaded.config.steering.onExit === 'hold', before: document.tags });
  for (const port of ports) resolveAt(port.id, port.found.netns, port.found.link.ifindex);
  for (const port of ports) await workers.addPort(portMessage(port.id, port.found), port.listener);
  const drained = Drained.of(document.drained);
  return { config, history, namespace, rates, maps, programs, workers, ports, loaded, drained, operator };
}
