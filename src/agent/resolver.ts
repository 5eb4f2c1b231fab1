import { messageOf } from '../errors.ts';
import { Histogram } from '../metrics/histogram.ts';
import { withDeadline } from './deadline.ts';
import { ExpiringMap } from './expiring-map.ts';
import { type Asker, type Instance, type InstanceSource, SourceError } from './source.ts';

export interface ResolverOptions {
  readonly source: InstanceSource;
  /** How long an instance that was found is taken for the asker. Default 10 s, as Neutron's documents advise. */
  readonly ttlMs?: number;
  /** How long "none" and "several" are believed. Default 1 s: an instance may ask before its port is known. */
  readonly negativeTtlMs?: number;
  readonly entriesMax?: number;
  /** Look-ups under way at once; what is more is refused. */
  readonly lookupsMax?: number;
  /** Time limit of one look-up. */
  readonly timeoutMs?: number;
  /** A clock in milliseconds that never goes back. */
  readonly now?: () => number;
}

/** Who an asker is: exactly one instance, or which of the two reasons why not (contract.md 2.2). */
export type Resolution =
  | { readonly kind: 'found'; readonly instance: Instance }
  | { readonly kind: 'none' }
  | { readonly kind: 'ambiguous'; readonly count: number };

/** What the resolver did since it was made; `entries` and `underWay` are as of now. */
export interface ResolverCounters {
  /** Answered from the cache: an instance. */
  readonly hits: number;
  /** Answered from the cache: none, or several. */
  readonly negativeHits: number;
  /** Not in the cache. Each is one of merged, refused and lookups. */
  readonly misses: number;
  /** Joined a look-up that was under way for the same asker. */
  readonly merged: number;
  /** Turned away because too many look-ups were under way. */
  readonly refused: number;
  readonly lookups: number;
  /** Look-ups that failed or took too long. */
  readonly errors: number;
  readonly entries: number;
  readonly underWay: number;
}

const DEFAULTS = { ttlMs: 10_000, negativeTtlMs: 1000, entriesMax: 65_536, lookupsMax: 256, timeoutMs: 8000 } as const;

/**
 * Finds out which instance asks. It remembers for a short while by owner, address and MAC, so that one instance's burst of
 * requests is one look-up, and an address that went to another MAC is asked about anew.
 */
export class Resolver {
  readonly #source: InstanceSource;
  readonly #limits: Readonly<Record<keyof typeof DEFAULTS, number>>;
  readonly #now: () => number;
  readonly #known: ExpiringMap<Resolution>;
  /** By key, for others to join. One that was forgotten is not in here any more, but still counts in #underWay. */
  readonly #joinable = new Map<string, Promise<Resolution>>();
  #underWay = 0;
  /** How long look-ups took, those that failed or were given up among them. */
  readonly lookupTimes = new Histogram();
  readonly #counted = { hits: 0, negativeHits: 0, misses: 0, merged: 0, refused: 0, lookups: 0, errors: 0 };

  constructor({ source, now = () => performance.now(), ...limits }: ResolverOptions) {
    this.#source = source;
    this.#limits = { ...DEFAULTS, ...limits };
    this.#now = now;
    this.#known = new ExpiringMap(this.#limits.entriesMax, now);
  }

  get counters(): ResolverCounters {
    return { ...this.#counted, entries: this.#known.size, underWay: this.#underWay };
  }

  /**
   * Which instance an asker is.
   *
   * @throws {SourceError} when it cannot be told: the source failed, took too long, or too many look-ups are under way
   */
  async resolve(asker: Asker): Promise<Resolution> {
    const key = keyOf(asker);
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#counted[known.kind === 'found' ? 'hits' : 'negativeHits']++;
      return known;
    }
    this.#counted.misses++;
    const joinable = this.#joinable.get(key);
    if (joinable !== undefined) {
      this.#counted.merged++;
      return joinable;
    }
    if (this.#underWay >= this.#limits.lookupsMax) {
      this.#counted.refused++;
      throw new SourceError(`${this.#underWay} look-ups of instances are under way, which is the limit`);
    }
    const resolution = this.#lookUp(key, asker);
    this.#joinable.set(key, resolution);
    const end = () => {
      if (this.#joinable.get(key) === resolution) this.#joinable.delete(key);
    };
    resolution.then(end, end);
    return resolution;
  }

  /**
   * Forgets who an asker is, for when nova does not know the instance (contract.md 2.2). A look-up that is under way is
   * not joined any more, and its result is not kept.
   */
  forget(asker: Asker): void {
    const key = keyOf(asker);
    this.#known.delete(key);
    this.#joinable.delete(key);
    this.#source.forget?.(asker);
  }

  #lookUp(key: string, asker: Asker): Promise<Resolution> {
    this.#counted.lookups++;
    this.#underWay++;
    // What is kept is as old as the question, not as the answer.
    const askedAt = this.#now();
    const { timeoutMs, ttlMs, negativeTtlMs } = this.#limits;
    const reason = () => new SourceError(`the look-up of an instance took more than ${timeoutMs} ms`);
    const found = withDeadline({ ms: timeoutMs, reason }, (signal) => {
      const answer = findIn(this.#source, asker, signal);
      const end = () => this.#underWay--;
      // A source that does not heed its signal keeps its place until it ends, so that their number stays bounded.
      answer.then(end, end);
      return answer;
    });
    const ended = () => this.lookupTimes.observe(this.#now() - askedAt);
    const resolution = found.then(
      (instances) => {
        ended();
        const judged = judge(instances, asker);
        const endsAt = askedAt + (judged.kind === 'found' ? ttlMs : negativeTtlMs);
        if (this.#joinable.get(key) === resolution) this.#known.set(key, judged, endsAt);
        return judged;
      },
      (error: unknown) => {
        ended();
        this.#counted.errors++;
        throw error instanceof SourceError ? error : new SourceError(messageOf(error), { cause: error });
      },
    );
    return resolution;
  }
}

/** A source that throws instead of rejecting counts as one that rejects. */
async function findIn(source: InstanceSource, asker: Asker, signal: AbortSignal): Promise<readonly Instance[]> {
  return source.find(asker, signal);
}

/** Exactly one is an answer. A source should have left out other MACs; here it is made sure. */
function judge(instances: readonly Instance[], { mac }: Asker): Resolution {
  const possible = instances.filter(
    (instance) => mac === undefined || instance.mac === undefined || instance.mac === mac,
  );
  const [instance] = possible;
  if (instance === undefined) return { kind: 'none' };
  return possible.length === 1 ? { kind: 'found', instance } : { kind: 'ambiguous', count: possible.length };
}

function keyOf({ owner, address, mac }: Asker): string {
  return `${owner.kind} ${owner.id} ${address} ${mac ?? ''}`;
}
