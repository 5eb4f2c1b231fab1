import type { Config } from '../config/config.ts';
import type { Owner, OwnerId } from '../identity/owner-id.ts';
import { isSelected } from './owners.ts';

/** What the daemon answers to `GET /v1/owners/UUID`: whether Neutron need not start a haproxy for it. */
export interface OwnerDocument {
  readonly owner: string;
  /** Answers its requests, or will as soon as it has an active interface. */
  readonly serves: boolean;
  readonly state: 'steering' | 'attaching' | 'failed' | 'drained' | 'not-seen' | 'left-out';
}

/** Something that belongs to an owner: a port, or an interface that is none yet. */
interface Owned {
  readonly owner: Owner;
}

/** What the reconciler knows of its ports. */
export interface KnownPorts {
  readonly ports: readonly Owned[];
  readonly attaching: readonly Owned[];
  readonly failed: readonly Owned[];
  /** Those an operator wants others to serve. */
  readonly drained: readonly Owned[];
}

/**
 * Puts an owner's state in one word, the worst of its interfaces. One that was not seen counts as served: Neutron may ask
 * before the interface is up, and a backup of an HA router has none that is active (contract.md 1.5).
 */
export function ownerDocument(id: OwnerId, config: Config, known: KnownPorts): OwnerDocument {
  const has = (owned: readonly Owned[]) => owned.some(({ owner }) => owner.id === id);
  const state = !isSelected(config, id)
    ? 'left-out'
    : has(known.drained)
      ? 'drained'
      : has(known.failed)
        ? 'failed'
        : has(known.attaching)
          ? 'attaching'
          : has(known.ports)
            ? 'steering'
            : 'not-seen';
  return { owner: id, serves: state !== 'left-out' && state !== 'drained' && state !== 'failed', state };
}
