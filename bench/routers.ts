import { runCommand } from '../src/demo/command.ts';
import type { Workspace } from './workspace.ts';

/** One process makes all namespaces; a thousand take it some seconds. */
const CREATE_MS = 300_000;
/** Routers that get their interface at once. */
const AT_ONCE = 4;

/** A router of the fleet, as a daemon and a haproxy see it. */
export interface FleetRouter {
  readonly id: string;
  readonly namespace: string;
}

/** Many routers with nobody behind them: namespaces with one interface that is up and has an address. */
export class RouterFleet {
  readonly #workspace: Workspace;
  readonly #signal: AbortSignal;
  readonly #routers: FleetRouter[] = [];

  /** The workspace removes the namespaces. */
  constructor(workspace: Workspace, signal: AbortSignal) {
    this.#workspace = workspace;
    this.#signal = signal;
  }

  /** The first routers. @throws {Error} when there are not so many */
  first(count: number): readonly FleetRouter[] {
    if (count > this.#routers.length) throw new Error(`the fleet has ${this.#routers.length} routers, not ${count}`);
    return this.#routers.slice(0, count);
  }

  /** Makes routers until there are this many. @throws {CommandError} */
  async grow(count: number): Promise<void> {
    const length = Math.max(0, count - this.#routers.length);
    const made = Array.from({ length }, (_, n) => this.#router(n + this.#routers.length));
    await this.#make(made);
    this.#routers.push(...made);
  }

  /** Makes routers, or removes the last ones, until there are this many. @throws {CommandError} */
  async keep(count: number): Promise<void> {
    await this.grow(count);
    await remove(this.#routers.splice(count));
  }

  /** Removes one of the routers and makes it anew, under the same name. @throws {CommandError} */
  async remake(index: number): Promise<void> {
    const router = this.#router(index);
    await remove([router]);
    await this.#make([router]);
  }

  #router(index: number): NumberedRouter {
    const id = this.#workspace.routerId(index);
    return { id, namespace: `qrouter-${id}`, index };
  }

  async #make(routers: readonly NumberedRouter[]): Promise<void> {
    if (routers.length === 0) return;
    const input = routers.map(({ namespace }) => `netns add ${namespace}\n`).join('');
    await runCommand('ip', ['-batch', '-'], { input, timeoutMs: CREATE_MS });
    const waiting = [...routers];
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        this.#signal.throwIfAborted();
        await runCommand('ip', ['-n', next.namespace, '-batch', '-'], { input: interfaceCommands(next.index) });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
}

interface NumberedRouter extends FleetRouter {
  readonly index: number;
}

async function remove(routers: readonly FleetRouter[]): Promise<void> {
  if (routers.length === 0) return;
  const input = routers.map(({ namespace }) => `netns del ${namespace}\n`).join('');
  await runCommand('ip', ['-batch', '-'], { input, timeoutMs: CREATE_MS });
}

/** Every router has the same addresses, as tenants' networks have. */
function interfaceCommands(index: number): string {
  const suffix = index.toString(16).padStart(11, '0');
  return [
    'link set lo up',
    `link add name qr-${suffix} type veth peer name to-${suffix}`,
    `addr add 10.0.0.1/24 dev qr-${suffix}`,
    `link set qr-${suffix} up`,
    '',
  ].join('\n');
}
