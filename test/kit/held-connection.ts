import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../../src/demo/namespace.ts';

const CLIENT = fileURLToPath(new URL('./instance-client.js', import.meta.url));

/** One connection held open inside a namespace, for requests at moments of a test's choosing. */
export class HeldConnection {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;

  constructor(namespace: Namespace) {
    this.#child = spawn('ip', ['netns', 'exec', namespace.name, process.execPath, CLIENT], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout === null) throw new Error('no standard output');
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** Opens the connection; the error's code when it cannot be opened. */
  async connect(target: {
    readonly host: string;
    readonly port: number;
    readonly localPort?: number;
    readonly localAddress?: string;
  }): Promise<string> {
    const { connected, error } = await this.#order({ connect: target });
    return connected === true ? 'connected' : String(error);
  }

  /** Sends one request and gives the whole reply; empty when the connection ended instead. */
  async get(path: string): Promise<string> {
    return String((await this.#order({ get: path }))['reply']);
  }

  async close(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    this.#lines.close();
    await exited;
  }

  async #order(order: unknown): Promise<Readonly<Record<string, unknown>>> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the client ended');
    return JSON.parse(value) as Readonly<Record<string, unknown>>;
  }
}
