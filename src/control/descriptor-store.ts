import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import { createDocument } from '../kernel/document.ts';
import type { Programs } from '../kernel/programs.ts';
import { closeDescriptor } from '../kernel/sockets.ts';
import type { Logger } from '../log.ts';
import { type DescribedDaemon, describeDaemon, portDescriptorNames } from './describe.ts';
import type { HandOverDocument } from './hand-over-document.ts';
import type { Port } from './port.ts';
import type { PortNamespace } from './port-namespace.ts';
import type { ServiceManager } from './service-manager.ts';
import { DOCUMENT_NAMES } from './stored.ts';

/** What changes meanwhile is told together: a start brings a thousand ports, and the document is of all. */
const PAUSE_MS = 1000;
/** The next start gets all names in one variable, and execve(2) takes no more than 128 KiB of each. */
const NAMES_BYTES_MAX = 100_000;
/** When it did not hear, because more is under way than its socket holds, it is told again so soon, and at the end so often. */
const AGAIN_MS = 50;
const TRIES = 20;

export interface StoreContext extends DescribedDaemon {
  readonly programs: Programs;
  readonly namespace: PortNamespace;
  readonly log: Logger;
}

/** What is kept: nothing where there is no store or it is of no use, or where it is too small for all ports. */
export type StoreState = 'off' | 'kept' | 'full';

/**
 * Has the service manager keep what a crash of this process would lose, so that connections wait for the next one: the listening
 * sockets, the links, the maps, and a document of what they are. All of it or nothing: packets of a port whose socket is not
 * kept would be refused. docs/lifecycle.md says what becomes of it.
 */
export class DescriptorStore {
  readonly #manager: ServiceManager;
  /** Those that are still open. */
  readonly #received: Map<string, number>;
  /** By name; of the document, -1. */
  readonly #held = new Map<string, number>();
  #context: StoreContext | undefined;
  #tags: HandOverDocument['tags'] | undefined;
  #document: string | undefined;
  #nextDocument: 0 | 1 = 0;
  #state: StoreState = 'off';
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;

  /** @param received what it kept of a daemon before this one */
  constructor(manager: ServiceManager, received: ReadonlyMap<string, number> = new Map()) {
    this.#manager = manager;
    this.#received = new Map(received);
    for (const [name, fd] of received) this.#held.set(name, fd);
  }

  get received(): ReadonlyMap<string, number> {
    return this.#received;
  }

  get status(): { readonly state: StoreState; readonly descriptors: number; readonly max: number } {
    return { state: this.#state, descriptors: this.#held.size, max: this.#manager.storeMax };
  }

  /** What was received is used once: where taking over from it ends this process, the next one starts as ever. */
  useUp(): void {
    this.#dropDocuments();
  }

  /** Has everything given up, and closes it here too. */
  async discard(): Promise<void> {
    await this.empty();
    this.keepOnly(new Set());
  }

  /** Has those given up, and closes them here too, that are not among these names. */
  keepOnly(used: ReadonlySet<string>): void {
    for (const [name, fd] of this.#received) {
      if (used.has(name)) continue;
      if (this.#held.has(name)) this.#giveUp(name);
      this.#received.delete(name);
      closeDescriptor(fd);
    }
  }

  /**
   * Keeps everything from here on.
   *
   * @param afterMs not before: a daemon that ends soon after it took over what was kept may have ended of that
   */
  async begin(context: StoreContext, afterMs: number): Promise<void> {
    const { on_exit } = context.reloader.loaded.file.steering;
    // Held packets wait at the interface, for whichever daemon comes; while packets are kept to us they would pass instead.
    if (this.#manager.storeMax === 0 || on_exit === 'hold') return this.empty();
    this.#tags = await context.programs.tags();
    this.#context = context;
    this.#later(afterMs);
    this.#isDue = true;
  }

  /** Something of what is kept is not as it was: a port, or what operators said. */
  changed(): void {
    if (this.#context === undefined) return;
    this.#isDue = true;
    if (this.#timer === undefined) this.#trySync();
  }

  /** To be called before a port is detached: nobody else may hold its socket open then. */
  drop(port: Port): void {
    const { listener, link } = portDescriptorNames(port);
    for (const name of [listener, link]) if (this.#held.has(name)) this.#giveUp(name);
    this.changed();
  }

  /** Has everything given up, and keeps nothing from here on. */
  async empty(): Promise<void> {
    this.#end();
    for (let tries = 1; this.#held.size > 0 && tries <= TRIES; tries += 1) {
      if (tries > 1) await sleep(AGAIN_MS);
      const before = this.#held.size;
      for (const name of this.#held.keys()) if (!this.#giveUp(name)) break;
      if (this.#held.size < before) tries = 1;
    }
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#context = undefined;
    this.#state = 'off';
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isDue) this.#trySync();
    }, ms).unref();
  }

  /** Whatever fails here is of no concern to who changed something. */
  #trySync(): void {
    try {
      this.#sync();
    } catch (error) {
      this.#context?.log.warn({ error: messageOf(error) }, 'what a restart needs could not be kept');
    }
  }

  /** Brings the store in step: what is new, the document, and only then away with what is not of it. */
  #sync(): void {
    if (this.#context === undefined || this.#tags === undefined) return;
    this.#isDue = false;
    this.#later(PAUSE_MS);
    const wanted = new Map<string, number>();
    const names: string[] = [];
    const described = describeDaemon(
      this.#context,
      this.#tags,
      (port) => port.requestsBefore,
      (fd, name) => {
        wanted.set(name, fd);
        return names.push(name) - 1;
      },
    );
    const needed = wanted.size + DOCUMENT_NAMES.length;
    if (needed > this.#manager.storeMax || names.join(':').length > NAMES_BYTES_MAX) {
      this.#tooMany(needed);
      return;
    }
    this.#state = 'kept';
    for (const [name, fd] of wanted) if (!this.#keep(name, fd)) return;
    const handOver = { ...described, descriptors: names.length, lockAt: -1, namespaceAt: -1 };
    if (!this.#writeDocument({ namespaceInode: this.#context.namespace.inode, names, handOver })) return;
    for (const name of this.#held.keys()) if (!wanted.has(name) && !isDocument(name)) this.#giveUp(name);
  }

  #keep(name: string, fd: number): boolean {
    if (this.#held.get(name) === fd) return true;
    const isHeard = this.#heard(this.#manager.keep(name, fd));
    if (isHeard) this.#held.set(name, fd);
    return isHeard;
  }

  #giveUp(name: string): boolean {
    const isHeard = this.#heard(this.#manager.giveUp(name));
    if (isHeard) this.#held.delete(name);
    return isHeard;
  }

  #heard(isHeard: boolean): boolean {
    if (!isHeard && this.#context !== undefined) {
      this.#isDue = true;
      this.#later(AGAIN_MS);
    }
    return isHeard;
  }

  /** The one before is given up when this one is there, so that there is a whole one at any time. */
  #writeDocument(content: object): boolean {
    const text = JSON.stringify(content);
    if (text === this.#document) return true;
    const [next, before] = this.#nextDocument === 0 ? DOCUMENT_NAMES : DOCUMENT_NAMES.toReversed();
    if (next === undefined || before === undefined) return false;
    if (this.#held.has(next) && !this.#giveUp(next)) return false;
    const sequence = Number(process.hrtime.bigint() / 1000n);
    const fd = createDocument(JSON.stringify({ sequence, ...content }));
    try {
      if (!this.#heard(this.#manager.keep(next, fd))) return false;
    } finally {
      closeDescriptor(fd);
    }
    this.#held.set(next, -1);
    this.#document = text;
    this.#nextDocument = this.#nextDocument === 0 ? 1 : 0;
    if (this.#held.has(before)) this.#giveUp(before);
    return true;
  }

  #dropDocuments(): void {
    for (const name of DOCUMENT_NAMES) if (this.#held.has(name)) this.#giveUp(name);
    this.#document = undefined;
  }

  #tooMany(needed: number): void {
    if (this.#state !== 'full') {
      const store = `the service manager’s store takes ${this.#manager.storeMax} descriptors (FileDescriptorStoreMax)`;
      this.#context?.history.note('warn', `nothing is kept for a restart: ${store}, and ${needed} are needed`);
    }
    this.#state = 'full';
    // Without the document nothing of the rest is used.
    this.#dropDocuments();
    for (const name of this.#held.keys()) this.#giveUp(name);
  }
}

function isDocument(name: string): boolean {
  return DOCUMENT_NAMES.some((each) => each === name);
}
