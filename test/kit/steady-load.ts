import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Tenant } from '../../src/demo/stage.ts';

const CLIENT = fileURLToPath(new URL('./steady-client.js', import.meta.url));

/** What came of a steady load. */
export interface SteadyCounts {
  asked: number;
  answered: number;
  /** Kept connections that the other side ended in an orderly way. */
  reopened: number;
  /** By what went wrong: an errno, `closed`, `timeout`, a status, or whose answer came. */
  failures: Record<string, number>;
}

/** Settings of a daemon that let one instance ask like many. */
export const NO_LIMITS = { guard: { source_rate: 0, source_connections: 100_000 } } as const;

export interface SteadyPlan {
  /** New connections per second of each tenant. */
  readonly perSecond: number;
  /** Connections that each tenant keeps, and asks on 20 times a second. */
  readonly kept: number;
}

interface Client {
  readonly child: ChildProcess;
  readonly printed: Promise<string>;
}

/** A steady load from the instances of several tenants, for as long as something is done to the daemon. */
export class SteadyLoad {
  readonly #clients: readonly Client[];

  private constructor(clients: readonly Client[]) {
    this.#clients = clients;
  }

  static start(tenants: readonly Tenant[], { perSecond, kept }: SteadyPlan): SteadyLoad {
    return new SteadyLoad(
      tenants.map(({ instance, router }) => {
        const words = [CLIENT, router.uuid, String(perSecond), String(kept)];
        const child = spawn('ip', ['netns', 'exec', instance.namespace.name, process.execPath, ...words], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        let text = '';
        child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        return { child, printed: new Promise((resolve) => child.once('close', () => resolve(text))) };
      }),
    );
  }

  /** Ends it; requests that are open get their answers first. */
  async stop(): Promise<SteadyCounts> {
    const total: SteadyCounts = { asked: 0, answered: 0, reopened: 0, failures: {} };
    for (const { child } of this.#clients) child.stdin?.end();
    for (const { printed } of this.#clients) {
      const counts = JSON.parse(await printed) as SteadyCounts;
      total.asked += counts.asked;
      total.answered += counts.answered;
      total.reopened += counts.reopened;
      for (const [what, count] of Object.entries(counts.failures))
        total.failures[what] = (total.failures[what] ?? 0) + count;
    }
    return total;
  }
}
