import type { Identified } from './asker.ts';
import type { NovaReply } from './nova-reply.ts';
import type { ResponseCacheSettings } from './settings/settings.ts';
import type { Instance } from './source.ts';

/**
 * Paths whose documents stay the same while an instance runs (contract.md 4), in exactly the form that nova documents:
 * what is written in any other way is not kept. Never `meta_data.json`, which has fresh random bytes in every reply,
 * `password`, which guests set, or `vendor_data2.json`, which other services make.
 */
const KEPT = [
  /^\/$/,
  /^\/openstack\/?$/,
  /^\/openstack\/(?:\d{4}-\d\d-\d\d|latest)\/?$/,
  /^\/openstack\/(?:\d{4}-\d\d-\d\d|latest)\/(?:user_data|network_data\.json|vendor_data\.json)$/,
  /^\/(?:\d{4}-\d\d-\d\d|1\.0|latest)\/?$/,
  /^\/(?:\d{4}-\d\d-\d\d|1\.0|latest)\/user-data$/,
  /^\/(?:\d{4}-\d\d-\d\d|1\.0|latest)\/meta-data(?:\/[a-z0-9-]+)*\/?$/,
];

/** What an entry costs beside its body. */
const ENTRY_BYTES = 512;

interface Entry {
  readonly reply: NovaReply;
  readonly bytes: number;
  readonly until: number;
}

/**
 * Replies that are given again for a short time, to the same instance, asking for the same in the same way. The key is the
 * complete identity that nova would be told, so a reply can never reach anybody whom nova would have told something else
 * (contract.md F12).
 */
export class ResponseCache {
  readonly #settings: ResponseCacheSettings;
  /** What was used longest ago comes first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  hits = 0;

  constructor(settings: ResponseCacheSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Where the reply to a request is kept; undefined where it never is. */
  keyOf(method: string, path: string, { forwardedFor }: Identified, instance: Instance): string | undefined {
    if (!this.#settings.enabled || method !== 'GET' || !KEPT.some((pattern) => pattern.test(path))) return undefined;
    return JSON.stringify([instance.instanceId, instance.projectId, forwardedFor, path]);
  }

  get(key: string): NovaReply | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#remove(key, entry);
    if (entry.until <= performance.now()) return undefined;
    this.#add(key, entry);
    this.hits += 1;
    return entry.reply;
  }

  /** Keeps a whole 200; anything else is not kept. */
  put(key: string, reply: NovaReply): void {
    if (reply.head.status !== 200 || reply.rest !== undefined) return;
    const bytes = reply.body.length + key.length + ENTRY_BYTES;
    if (bytes > this.#settings.bytes) return;
    const before = this.#entries.get(key);
    if (before !== undefined) this.#remove(key, before);
    // A body may be a small part of a large buffer, all of which would be kept with it.
    const kept = { ...reply, body: Buffer.from(reply.body) };
    this.#add(key, { reply: kept, bytes, until: performance.now() + this.#settings.ttlMs });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#settings.entries && this.#bytes <= this.#settings.bytes) break;
      this.#remove(oldest, entry);
    }
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
