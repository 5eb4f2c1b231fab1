import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fetchStatus } from '../cli/admin-client.ts';
import type { StatusDocument } from '../control/status-document.ts';
import { messageOf } from '../errors.ts';
import type { RunDir } from './run-dir.ts';

const CLI = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const STEERING_MS = 30_000;
const POLL_MS = 50;
const STOP_MS = 5_000;
const LOG_LINES_MAX = 200;

export interface DaemonOptions {
  readonly runDir: RunDir;
  readonly agentSocket: string;
  /** UUIDs of the routers it may touch; whatever else is on this machine stays out of it. */
  readonly routers: readonly string[];
}

/** The daemon as an operator starts it: `metasteer run -c FILE`, in a process and a namespace of its own. */
export class Daemon {
  readonly configFile: string;
  readonly adminSocket: string;
  readonly namespace: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #log: string[] = [];

  constructor({ runDir, agentSocket, routers }: DaemonOptions) {
    this.configFile = runDir.file('metasteer.yaml');
    this.adminSocket = runDir.file('admin.sock');
    this.namespace = `metasteer-demo-${process.pid}`;
    const config = [
      `run_dir: ${runDir.path}`,
      `namespace: ${this.namespace}`,
      `agent: { socket: ${agentSocket} }`,
      `admin: { socket: ${this.adminSocket} }`,
      `discovery: { include: [${routers.join(', ')}] }`,
    ];
    writeFileSync(this.configFile, `${config.join('\n')}\n`);
    runDir.recordNamespace(this.namespace);
    // A session of its own, so that Ctrl-C in the terminal does not stop it behind our back.
    this.#child = spawn(process.execPath, [CLI, 'run', '-c', this.configFile], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (this.#child.pid !== undefined) runDir.recordDaemon(this.#child.pid);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve()).once('error', (error) => this.#keep(messageOf(error), resolve));
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#keep(line));
    }
  }

  /** How its command line is called from a shell. */
  get command(): string {
    return `${process.execPath} ${CLI}`;
  }

  /** The last lines it logged, oldest first. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** @throws {MetasteerError} when it does not answer. */
  async status(): Promise<StatusDocument> {
    return (await fetchStatus(this.adminSocket)).document;
  }

  /**
   * Waits until this many ports are steered.
   *
   * @throws {Error} when it ends before, or has not come so far after 30 s; says how far it came.
   */
  async untilSteering(ports: number, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + STEERING_MS;
    let came = 'it has not answered yet';
    while (Date.now() < deadline) {
      signal.throwIfAborted();
      if (!this.#runs()) throw new Error('the daemon ended before it steered anything');
      try {
        const status = await this.status();
        if (status.ports.filter(({ state }) => state === 'steering').length === ports) return;
        came = status.ports
          .map((port) => `${port.interface} is ${port.state} (${port.reason ?? 'no error'})`)
          .join(', ');
      } catch (error) {
        came = messageOf(error);
      }
      await sleep(POLL_MS);
    }
    throw new Error(`the daemon does not steer ${ports} ports after ${STEERING_MS / 1000} s: ${came || 'it has none'}`);
  }

  /** Stops it by SIGTERM. Returns whether it ended by itself: after 5 s it is killed. May be called again. */
  async stop(): Promise<boolean> {
    if (!this.#runs()) return true;
    this.#child.kill('SIGTERM');
    await Promise.race([this.#exited, sleep(STOP_MS, undefined, { ref: false })]);
    if (!this.#runs()) return true;
    this.#child.kill('SIGKILL');
    await this.#exited;
    return false;
  }

  #runs(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #keep(line: string, done?: () => void): void {
    if (this.#log.push(line.slice(0, 2000)) > LOG_LINES_MAX) this.#log.shift();
    done?.();
  }
}
