import { readdirSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { askDaemon } from '../unix/admin-request.ts';
import type { LiveConfig } from './live-config.ts';
import { OwnerRules } from './owners.ts';

/** Between looks at the names of namespaces. */
const LOOK_MS = 500;
/** Before the agent forgets a list that nobody repeats: a quarter of the time. */
const REPEAT_MS = 15_000;
const RETRY_MS = 5000;
const ANSWER_MS = 5000;

/**
 * Tells `metasteer agent` which owners are on this node, where the configuration names its admin socket: all of them, also those
 * that others serve. It then answers for no others.
 */
export class AgentOwners {
  readonly #config: LiveConfig;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  /** What it was told last, where, and when it is to be told again. */
  #told = '';
  #again = 0;
  #isTelling = false;
  #problem: string | undefined;

  constructor(config: LiveConfig, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const socket = this.#config.current.agent.adminSocket;
    if (socket === undefined || this.#isTelling) return;
    this.#isTelling = true;
    try {
      await this.#tell(socket);
    } catch (error) {
      this.#again = performance.now() + RETRY_MS;
      this.#failed(socket, messageOf(error));
    }
    this.#isTelling = false;
  }

  async #tell(socket: string): Promise<void> {
    const body = JSON.stringify({ owners: this.#owners() });
    const isKnown = this.#told === socket + body && this.#problem === undefined;
    if (performance.now() < this.#again && (isKnown || this.#problem !== undefined)) return;
    await askDaemon(socket, { method: 'PUT', path: '/v1/owners', body, withinMs: ANSWER_MS });
    this.#told = socket + body;
    this.#again = performance.now() + REPEAT_MS;
    if (this.#problem !== undefined) this.#log.info({ socket }, 'the agent knows the owners of this node again');
    this.#problem = undefined;
  }

  #failed(socket: string, problem: string): void {
    if (problem !== this.#problem)
      this.#log.warn({ socket, error: problem }, 'the agent could not be told which owners are on this node');
    this.#problem = problem;
  }

  /** As the agent takes them: kind and UUID. In the order of their namespaces' names. */
  #owners(): readonly string[] {
    const { current } = this.#config;
    const { include: _, ...discovery } = current.discovery;
    // Whether they are steered is another matter.
    const rules = new OwnerRules({ ...current, discovery: { ...discovery, exclude: [] } });
    const owners = readdirSync(current.netnsDir)
      .sort()
      .flatMap((name) => rules.owners(name));
    return [...new Set(owners.map(({ kind, id }) => `${kind}/${id}`))];
  }
}
