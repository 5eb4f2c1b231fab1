import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LineProcess } from '../line-process.ts';
import type { Tenant } from '../tenant.ts';

const CLIENT = fileURLToPath(new URL('../idle-client.js', import.meta.url));
const ANSWER_MS = 15_000;
/** A proxy closes a silent connection after 30 s; the measurement needs some of them. */
const OPEN_MS = 15_000;
const POLL_MS = 200;

/** Connections of an instance over which nothing is said. */
export class IdleConnections {
  readonly #client: LineProcess;

  private constructor(client: LineProcess) {
    this.#client = client;
  }

  /** Opens so many. @throws {Error} when they are not open in time, with how many are */
  static async open({ instance }: Tenant, count: number): Promise<IdleConnections> {
    const words = ['netns', 'exec', instance.name, process.execPath, CLIENT, String(count)];
    const idle = new IdleConnections(new LineProcess('ip', words));
    const deadline = performance.now() + OPEN_MS;
    let open = 0;
    while (performance.now() < deadline) {
      open = await idle.count();
      if (open === count) return idle;
      await sleep(POLL_MS);
    }
    idle.close();
    throw new Error(`of ${count} idle connections only ${open} came to be open`);
  }

  async count(): Promise<number> {
    this.#client.send('how many');
    return Number(await this.#client.line(ANSWER_MS));
  }

  close(): void {
    this.#client.close();
  }
}

/** Has something measured with so many idle connections open; says how many were open at its end. */
export async function withIdle<Result>(
  tenant: Tenant,
  count: number,
  measure: () => Promise<Result>,
): Promise<{ readonly open: number; readonly run: Result }> {
  if (count === 0) return { open: 0, run: await measure() };
  const idle = await IdleConnections.open(tenant, count);
  try {
    const run = await measure();
    return { open: await idle.count(), run };
  } finally {
    idle.close();
  }
}
