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

/** Who an asker is: exactly one instance, or why not (contract.md 2.2). */
export type Resolution =
  | { readonly kind: 'found'; readonly instance: Instance }
  | { readonly kind: 'none' }
  | { readonly kind: 'ambiguous'; readonly count: number }
  /** The instance with this address does not have the asker's MAC. */
  | { readonly kind: 'mismatch'; readonly instance: Instance };

/** What a look-up brought. */
interface Answer {
  readonly instances: readonly Instance[];
  readonly askedAt: number;
  /** It was made for a MAC that the instance does not have, so all that it may have are there. */
  readonly hasAllMacs: boolean;
}

/** What the resolver did since it was made; `entries` and `underWay` are as of now. */
export interface ResolverCounters {
  /** Answered from the cache: an instance. */
  readonly hits: number;
  /** Answered from the cache: none, several, or another MAC. */
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
 * Finds out which instance asks. It remembers for a short while by owner and address, so that one instance's burst of requests
 * is one look-up. An address that is used with another MAC is asked about anew, since it may have gone to another instance; but
 * at most once in `negativeTtlMs` for all MACs together, since a guest may make them up.
 */
export class Resolver {
  readonly #source: InstanceSource;
  readonly #limits: Readonly<Record<keyof typeof DEFAULTS, number>>;
  readonly #now: () => number;
  readonly #known: ExpiringMap<Answer>;
  /** By key, for others to join. One that was forgotten is not in here any more, but still counts in #underWay. */
  readonly #joinable = new Map<string, Promise<Answer>>();
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
    for (;;) {
      const known = this.#known.get(key);
      if (known !== undefined && !this.#isDoubtful(known, asker)) {
        const resolution = judge(known.instances, asker);
        this.#counted[resolution.kind === 'found' ? 'hits' : 'negativeHits']++;
        return resolution;
      }
      this.#counted.misses++;
      const joinable = this.#joinable.get(key);
      if (joinable === undefined) return judge((await this.#begin(key, asker)).instances, asker);
      this.#counted.merged++;
      const joined = await joinable;
      // It may have been made for another MAC. Then one is made for this.
      if (!this.#isDoubtful(joined, asker)) return judge(joined.instances, asker);
    }
  }

  /** Whether an answer says that the MAC is another, and a look-up may say otherwise by now. */
  #isDoubtful({ instances, askedAt, hasAllMacs }: Answer, asker: Asker): boolean {
    if (judge(instances, asker).kind !== 'mismatch') return false;
    return !hasAllMacs || this.#now() - askedAt >= this.#limits.negativeTtlMs;
  }

  #begin(key: string, asker: Asker): Promise<Answer> {
    if (this.#underWay >= this.#limits.lookupsMax) {
      this.#counted.refused++;
      throw new SourceError(`${this.#underWay} look-ups of instances are under way, which is the limit`);
    }
    const answer = this.#lookUp(key, asker);
    this.#joinable.set(key, answer);
    const end = () => {
      if (this.#joinable.get(key) === answer) this.#joinable.delete(key);
    };
    answer.then(end, end);
    return answer;
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

  #lookUp(key: string, asker: Asker): Promise<Answer> {
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
    const answer = found.then(
      (instances) => {
        ended();
        const { kind } = judge(instances, asker);
        const looked = { instances, askedAt, hasAllMacs: kind === 'mismatch' };
        const endsAt = askedAt + (instances.length === 1 ? ttlMs : negativeTtlMs);
        if (this.#joinable.get(key) === answer) this.#known.set(key, looked, endsAt);
        return looked;
      },
      (error: unknown) => {
        ended();
        this.#counted.errors++;
        throw error instanceof SourceError ? error : new SourceError(messageOf(error), { cause: error });
      },
    );
    return answer;
  }
}

/** A source that throws instead of rejecting counts as one that rejects. */
async function findIn(source: InstanceSource, asker: Asker, signal: AbortSignal): Promise<readonly Instance[]> {
  return source.find(asker, signal);
}

/**
 * Exactly one is an answer. Which of several has the MAC is not looked at: that would let a guest behind a haproxy choose who
 * it is.
 */
function judge(instances: readonly Instance[], { mac }: Asker): Resolution {
  const [instance] = instances;
  if (instance === undefined) return { kind: 'none' };
  if (instances.length > 1) return { kind: 'ambiguous', count: instances.length };
  const isRight = mac === undefined || instance.macs === undefined || instance.macs.includes(mac);
  return { kind: isRight ? 'found' : 'mismatch', instance };
}

function keyOf({ owner, address }: Asker): string {
  return `${owner.kind} ${owner.id} ${address}`;
}
