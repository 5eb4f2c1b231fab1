import { fileURLToPath } from 'node:url';
import { LineProcess } from './line-process.ts';
import type { FleetRouter } from './routers.ts';
import { createTenant, INSTANCE_ADDRESS, INSTANCE_MAC, neighbour, ROUTER_INTERFACE, type Tenant } from './tenant.ts';
import type { Workspace } from './workspace.ts';

const CLIENT = fileURLToPath(new URL('./first-answer-client.js', import.meta.url));
/** Beyond every index of the fleet. */
const INDEX = 2 ** 47;
/** Longer than the client tries. */
const ANSWER_MS = 20_000;

/**
 * A router with one instance behind it and Neutron's rules in it. Its interface goes up and down, and a client in the
 * instance finds out when it is served.
 */
export class TrialRouter implements FleetRouter {
  readonly id: string;
  readonly namespace: string;
  readonly #tenant: Tenant;
  readonly #signal: AbortSignal;
  readonly #client: LineProcess;
  readonly #ip: LineProcess;

  private constructor(tenant: Tenant, signal: AbortSignal) {
    this.id = tenant.id;
    this.namespace = tenant.namespace;
    this.#tenant = tenant;
    this.#signal = signal;
    this.#client = new LineProcess('ip', ['netns', 'exec', tenant.instance.name, process.execPath, CLIENT]);
    // Reads commands as they come, so that no process has to be started between the clock and the interface.
    this.#ip = new LineProcess('ip', ['-n', this.namespace, '-batch', '-']);
  }

  /** Makes it with its interface down. The workspace removes the namespaces. @throws {CommandError} */
  static async create(workspace: Workspace, signal: AbortSignal): Promise<TrialRouter> {
    const trial = new TrialRouter(await createTenant(workspace, { name: 'trial', index: INDEX }), signal);
    await trial.down();
    return trial;
  }

  async down(): Promise<void> {
    await this.#tenant.router.ip('link', 'set', ROUTER_INTERFACE, 'down');
  }

  /**
   * Brings the interface up and measures how long the instance has to wait for its first 200, in milliseconds;
   * undefined when there was none in 15 s. The clock starts before the kernel is told.
   *
   * @param onUp begins what is to answer, as soon as the interface has been told to come up
   */
  async firstAnswer(onUp: () => void): Promise<number | undefined> {
    this.#signal.throwIfAborted();
    this.#client.send('probe');
    await this.#client.line(ANSWER_MS);
    const start = process.hrtime.bigint();
    this.#ip.send(`link set ${ROUTER_INTERFACE} up`);
    // An interface that goes down forgets its neighbours.
    this.#ip.send(neighbour(INSTANCE_ADDRESS, INSTANCE_MAC, ROUTER_INTERFACE).join(' '));
    onUp();
    const [word, at = '0'] = (await this.#client.line(ANSWER_MS)).split(' ');
    return word === 'answered' ? Number(BigInt(at) - start) / 1e6 : undefined;
  }

  close(): void {
    this.#client.close();
    this.#ip.close();
  }
}
