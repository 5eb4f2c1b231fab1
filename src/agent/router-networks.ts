import * as z from 'zod';
import type { OwnerId } from '../identity/owner-id.ts';
import { untilAborted } from './deadline.ts';
import { ExpiringMap } from './expiring-map.ts';
import { type NeutronApi, notAskedFor } from './neutron-api.ts';

/** The networks behind a router, each once, and when Neutron was asked for them. */
export interface Networks {
  readonly ids: readonly string[];
  readonly askedAt: number;
}

export interface RouterNetworksOptions {
  readonly api: Pick<NeutronApi, 'ports'>;
  readonly ttlMs: number;
  readonly now: () => number;
}

/**
 * The ports by which a router is on a network: `ROUTER_INTERFACE_OWNERS` of neutron-lib, which Neutron's agent asks for
 * (contract.md 2.2). Gateways and internal ports of HA are of other kinds.
 */
const INTERFACE_OWNERS = [
  'network:router_interface',
  'network:ha_router_replicated_interface',
  'network:router_interface_distributed',
] as const;

const FIELDS = ['network_id', 'device_id', 'device_owner'] as const;

const routerPort = z.object({
  network_id: z.string().regex(/^[\w-]{1,64}$/),
  device_id: z.string(),
  device_owner: z.string(),
});

/** Routers that are remembered: more than a node has. */
const ROUTERS_MAX = 8192;
/** An attachment this young is not asked for again, so that strange addresses do not cost two questions each. */
const FRESH_MS = 1000;

/** Which networks are behind which router, remembered for as long as instances are. */
export class RouterNetworks {
  readonly #options: RouterNetworksOptions;
  readonly #known: ExpiringMap<Networks>;
  /** Questions under way, to join: no more than look-ups under way. Each request has a time limit. */
  readonly #underWay = new Map<OwnerId, Promise<Networks>>();

  constructor(options: RouterNetworksOptions) {
    this.#options = options;
    this.#known = new ExpiringMap(ROUTERS_MAX, options.now);
  }

  /** @throws {SourceError} when they cannot be told, or what `signal` aborts with */
  async of(router: OwnerId, signal: AbortSignal): Promise<Networks> {
    return this.#known.get(router) ?? (await this.#asked(router, signal));
  }

  /** The same, not older than FRESH_MS. @throws {SourceError} as `of` */
  async freshOf(router: OwnerId, signal: AbortSignal): Promise<Networks> {
    const known = this.#known.get(router);
    const fresh = known !== undefined && this.#options.now() - known.askedAt < FRESH_MS;
    return fresh ? known : await this.#asked(router, signal);
  }

  /** What is under way may be older than the reason to forget, so it is neither joined nor kept. */
  forget(router: OwnerId): void {
    this.#known.delete(router);
    this.#underWay.delete(router);
  }

  #asked(router: OwnerId, signal: AbortSignal): Promise<Networks> {
    const underWay = this.#underWay.get(router);
    if (underWay !== undefined) return untilAborted(underWay, signal);
    const question = this.#ask(router);
    this.#underWay.set(router, question);
    const current = () => this.#underWay.get(router) === question;
    question.then(
      (networks) => {
        if (!current()) return;
        this.#underWay.delete(router);
        this.#known.set(router, networks, networks.askedAt + this.#options.ttlMs);
      },
      () => {
        if (current()) this.#underWay.delete(router);
      },
    );
    return untilAborted(question, signal);
  }

  /** Not ended by who asked first: others may have joined. */
  async #ask(router: OwnerId): Promise<Networks> {
    const askedAt = this.#options.now();
    const filters = [
      ['device_id', router] as const,
      ...INTERFACE_OWNERS.map((owner) => ['device_owner', owner] as const),
    ];
    const never = new AbortController().signal;
    const ports = await this.#options.api.ports({ filters, fields: FIELDS, row: routerPort }, never);
    // A network too many would let others be taken for instances behind this router.
    if (
      !ports.every((port) => port.device_id === router && INTERFACE_OWNERS.some((owner) => owner === port.device_owner))
    )
      throw notAskedFor();
    return { ids: [...new Set(ports.map((port) => port.network_id))].sort(), askedAt };
  }
}
