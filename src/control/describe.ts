import { keptOf } from '../config/changes.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import { packageVersion } from '../version.ts';
import { describePort } from './adopt.ts';
import type { Drained } from './drained.ts';
import { type HandOverDocument, OUR_ABI } from './hand-over-document.ts';
import type { History } from './history.ts';
import type { OperatorValues } from './operator-values.ts';
import type { Port } from './port.ts';
import type { Reconciler } from './reconcile.ts';
import type { Reloader } from './reload.ts';
import type { RequestRates } from './request-rates.ts';

/** What there is to say of a daemon to the one that goes on in its place. */
export interface DescribedDaemon {
  readonly maps: SteeringMaps;
  readonly rates: RequestRates;
  readonly reconciler: Reconciler;
  readonly reloader: Reloader;
  readonly drained: Drained;
  readonly operator: OperatorValues;
  readonly history: History;
}

/** Puts a descriptor among those that go along, by a name of its own, and says at which place; -1: it does not go along. */
export type Place = (fd: number, name: string) => number;

/** Names of ports' descriptors hold the index of the device: a slot may have another port later, a device never comes again. */
export function portDescriptorNames({ id, device }: Port): { readonly listener: string; readonly link: string } {
  const of = `${id}-${device.link.ifindex}`;
  return { listener: `listener-${of}`, link: `link-${of}` };
}

/**
 * Says everything of a daemon that another one needs, but for what only one of them can have at a time.
 *
 * @param tags of the programs that are attached
 * @param requests of a port's clients so far
 */
export function describeDaemon(
  { maps, rates, reconciler, reloader, drained, operator, history }: DescribedDaemon,
  tags: HandOverDocument['tags'],
  requests: (port: Port) => number,
  place: Place,
): Omit<HandOverDocument, 'descriptors' | 'lockAt' | 'namespaceAt'> {
  const [mapsAt = -1] = maps.fds.map((fd, index) => place(fd, `map-${index}`));
  return {
    version: packageVersion(),
    abi: OUR_ABI,
    mapsAt,
    ratesAt: rates.current === undefined ? -1 : place(rates.current.fd, 'rates'),
    tags,
    kept: keptOf(reloader.loaded.file),
    drained: drained.document,
    operator: operator.document,
    events: [...history.events],
    ports: reconciler.ports.map((port) => {
      const names = portDescriptorNames(port);
      return describePort(port, requests(port), (fd, what) => place(fd, names[what]));
    }),
  };
}
