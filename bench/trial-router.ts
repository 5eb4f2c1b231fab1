import { fileURLToPath } from 'node:url';
import { runCommand } from '../src/demo/command.ts';
import { Namespace } from '../src/demo/namespace.ts';
import { installNeutronRules } from '../src/demo/neutron-rules.ts';
import { LineProcess } from './line-process.ts';
import type { FleetRouter } from './routers.ts';
import type { Workspace } from './workspace.ts';

const CLIENT = fileURLToPath(new URL('./first-answer-client.js', import.meta.url));
const INTERFACE = 'qr-trial';
const CLIENT_ADDRESS = '10.0.0.5';
const CLIENT_MAC = '02:00:00:00:00:05';
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
  readonly #signal: AbortSignal;
  readonly #client: LineProcess;
  readonly #ip: LineProcess;

  private constructor(id: string, instance: string, signal: AbortSignal) {
    this.id = id;
    this.namespace = `qrouter-${id}`;
    this.#signal = signal;
    this.#client = new LineProcess('ip', ['netns', 'exec', instance, process.execPath, CLIENT]);
    // Reads commands as they come, so that no process has to be started between the clock and the interface.
    this.#ip = new LineProcess('ip', ['-n', this.namespace, '-batch', '-']);
  }

  /** Makes it with its interface down. The workspace removes the namespaces. @throws {CommandError} */
  static async create(workspace: Workspace, signal: AbortSignal): Promise<TrialRouter> {
    const id = workspace.routerId(INDEX);
    const router = new Namespace(`qrouter-${id}`);
    const instance = new Namespace(workspace.instanceNamespace);
    for (const { name } of [router, instance]) await runCommand('ip', ['netns', 'add', name]);
    const plug = ['name', 'eth0', 'address', CLIENT_MAC, 'netns', instance.name];
    await router.ip('link', 'set', 'lo', 'up');
    await router.ip('link', 'add', 'name', INTERFACE, 'type', 'veth', 'peer', ...plug);
    await router.ip('addr', 'add', '10.0.0.1/24', 'dev', INTERFACE);
    await installNeutronRules(router, 'IPv4');
    const { mac } = await router.link(INTERFACE);
    await instance.ip('addr', 'add', `${CLIENT_ADDRESS}/24`, 'dev', 'eth0');
    await instance.ip('link', 'set', 'eth0', 'up');
    await instance.ip('route', 'add', 'default', 'via', '10.0.0.1');
    // The gateway is known for good: a question that ARP loses is asked again after a second, which would cover
    // what is measured. The router gets the same below, each time it comes up.
    await instance.ip('neigh', 'replace', '10.0.0.1', 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent');
    return new TrialRouter(id, instance.name, signal);
  }

  async down(): Promise<void> {
    await runCommand('ip', ['-n', this.namespace, 'link', 'set', INTERFACE, 'down']);
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
    this.#ip.send(`link set ${INTERFACE} up`);
    this.#ip.send(`neigh replace ${CLIENT_ADDRESS} lladdr ${CLIENT_MAC} dev ${INTERFACE} nud permanent`);
    onUp();
    const [word, at = '0'] = (await this.#client.line(ANSWER_MS)).split(' ');
    return word === 'answered' ? Number(BigInt(at) - start) / 1e6 : undefined;
  }

  close(): void {
    this.#client.close();
    this.#ip.close();
  }
}
