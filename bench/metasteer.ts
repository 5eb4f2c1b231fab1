import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { fetchStatus, setLimits } from '../src/cli/admin-client.ts';
import type { StatusDocument } from '../src/control/status-document.ts';
import { messageOf } from '../src/errors.ts';
import { builtFile } from '../src/kernel/paths.ts';
import { processTree } from './processes.ts';
import type { Workspace } from './workspace.ts';

const CLI = builtFile('main');
const STOP_MS = 120_000;
const LOG_LINES_MAX = 50;
const LINES_TOLD = 3;
/** Routers that are missing, in an error. */
const NAMED_MAX = 3;
/** A status is asked for so rarely that answering takes the daemon at most a fifth of its time. */
const POLL_SHARE = 4;
const POLL_MIN_MS = 20;
const POLL_MAX_MS = 500;
const PORTS_MAX_DEFAULT = 1024;

export interface MetasteerOptions {
  readonly workspace: Workspace;
  readonly agentSocket: string;
  /** UUIDs of the routers it may touch; whatever else is on this machine stays out of it. */
  readonly routers: readonly string[];
  /** Sections of the configuration with what is other than its default in them. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface StopResult {
  readonly milliseconds: number;
  /** Whether it ended on SIGTERM, or had to be killed. */
  readonly byItself: boolean;
}

/** The daemon as an operator starts it, `metasteer run -c FILE`, with the defaults of its configuration. */
export class Metasteer {
  readonly startedAt = performance.now();
  readonly #adminSocket: string;
  readonly #routers: readonly string[];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #log: string[] = [];

  constructor({ workspace, agentSocket, routers, settings = {} }: MetasteerOptions) {
    const runDir = workspace.folder('run');
    const configFile = workspace.file('metasteer.yaml');
    this.#adminSocket = workspace.file('admin.sock');
    this.#routers = routers;
    const config = {
      run_dir: runDir,
      namespace: workspace.daemonNamespace,
      agent: { socket: agentSocket },
      admin: { socket: this.#adminSocket },
      ...settings,
      discovery: { include: routers, ...settings['discovery'] },
      steering: {
        ...settings['steering'],
        ...(routers.length > PORTS_MAX_DEFAULT ? { ports_max: routers.length } : {}),
      },
    };
    writeFileSync(configFile, stringify(config));
    // A session of its own, so that Ctrl-C in the terminal does not stop it behind our back.
    this.#child = spawn(workspace.nodeCopy(), [CLI, 'run', '-c', configFile], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => resolve());
      this.#child.once('error', (error) => {
        this.#keep(messageOf(error));
        resolve();
      });
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#keep(line));
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The supervisor and its workers. */
  get processes(): readonly number[] {
    return processTree(this.pid);
  }

  /** @throws {MetasteerError} when it does not answer */
  async status(): Promise<StatusDocument> {
    return (await fetchStatus(this.#adminSocket)).document;
  }

  /** Changes limits of connections, in the words of the configuration's section `guard`. @throws {MetasteerError} */
  async limit(changes: Readonly<Record<string, number>>): Promise<void> {
    await setLimits(this.#adminSocket, changes);
  }

  /**
   * Waits until exactly these many ports are steered and no other is being attached. Returns the milliseconds since
   * the start.
   *
   * @throws {Error} when it ends before, or has not come so far in time; says how far it came
   */
  async untilSteering(ports: number, withinMs: number, signal: AbortSignal): Promise<number> {
    const deadline = performance.now() + withinMs;
    let came = 'it has not answered yet';
    while (performance.now() < deadline) {
      signal.throwIfAborted();
      if (!this.#runs()) throw new Error(`the daemon ended: ${this.#log.slice(-LINES_TOLD).join('; ')}`);
      const asked = performance.now();
      try {
        const known = (await this.status()).ports;
        const steering = known.filter(({ state }) => state === 'steering').length;
        if (steering === ports && known.length === ports) return performance.now() - this.startedAt;
        const owners = new Set(known.map(({ owner }) => owner));
        const missing = this.#routers.filter((id) => !owners.has(id)).slice(0, NAMED_MAX);
        came = `it steers ${steering} of ${known.length}${missing.length > 0 ? `, and does not know ${missing.join(', ')}` : ''}`;
      } catch (error) {
        came = messageOf(error);
      }
      const pause = (performance.now() - asked) * POLL_SHARE;
      await sleep(Math.min(Math.max(pause, POLL_MIN_MS), POLL_MAX_MS), undefined, { signal });
    }
    const said = this.#log.slice(-LINES_TOLD).join('; ');
    throw new Error(`the daemon does not steer ${ports} ports after ${withinMs / 1000} s: ${came}. It said: ${said}`);
  }

  /** Waits until every port has the XDP shield. @throws {Error} when it does not come in time */
  async untilShielded(withinMs: number, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + withinMs;
    while ((await this.status()).ports.some(({ shield }) => shield === 'off')) {
      if (performance.now() > deadline) throw new Error('the shield does not come up; the daemon’s log says why');
      await sleep(POLL_MIN_MS, undefined, { signal });
    }
  }

  /** SIGTERM, and SIGKILL after two minutes. May be called again. */
  async stop(): Promise<StopResult> {
    const started = performance.now();
    if (!this.#runs()) return { milliseconds: 0, byItself: true };
    this.#child.kill('SIGTERM');
    await Promise.race([this.#ended, sleep(STOP_MS, undefined, { ref: false })]);
    const byItself = !this.#runs();
    if (!byItself) this.#child.kill('SIGKILL');
    await this.#ended;
    return { milliseconds: performance.now() - started, byItself };
  }

  #runs(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #keep(line: string): void {
    if (this.#log.push(line.slice(0, 500)) > LOG_LINES_MAX) this.#log.shift();
  }
}
