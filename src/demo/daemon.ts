import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { fetchStatus } from '../cli/admin-client.ts';
import type { StatusDocument } from '../control/status-document.ts';
import { messageOf } from '../errors.ts';
import { builtFile } from '../kernel/paths.ts';
import type { RunDir } from './run-dir.ts';

const CLI = builtFile('main');
const STEERING_MS = 30_000;
const POLL_MS = 50;
const STOP_MS = 5_000;
const LOG_LINES_MAX = 200;

export interface DaemonOptions {
  readonly runDir: RunDir;
  readonly agentSocket: string;
  /** UUIDs of the routers it may touch; whatever else is on this machine stays out of it. */
  readonly routers: readonly string[];
  /** Further keys of the configuration file; they win over the ones made here. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A command that becomes the daemon: it is started with the daemon's own as its last arguments. */
  readonly through?: readonly string[];
}

/** The daemon as an operator starts it: `metasteer run -c FILE`, in a process and a namespace of its own. */
export class Daemon {
  readonly configFile: string;
  readonly adminSocket: string;
  readonly namespace: string;
  readonly #child: ChildProcess;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<{ readonly code: number | null }>;
  readonly #log: string[] = [];

  constructor({ runDir, agentSocket, routers, settings = {}, through = [] }: DaemonOptions) {
    this.configFile = runDir.file('metasteer.yaml');
    this.adminSocket = runDir.file('admin.sock');
    this.namespace = basename(runDir.path);
    const config = {
      run_dir: runDir.path,
      namespace: this.namespace,
      agent: { socket: agentSocket },
      admin: { socket: this.adminSocket },
      discovery: { include: routers },
      ...settings,
    };
    writeFileSync(this.configFile, stringify(config));
    runDir.recordNamespace(this.namespace);
    // What a developer's shell tells Node is not the daemon's: certificates of the shell's take Node as long as a start.
    const { NODE_OPTIONS: _, NODE_EXTRA_CA_CERTS: __, ...env } = process.env;
    // A session of its own, so that Ctrl-C in the terminal does not stop it behind our back.
    const [command = process.execPath, ...args] = [...through, process.execPath, CLI, 'run', '-c', this.configFile];
    this.#child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    if (this.#child.pid !== undefined) runDir.recordDaemon(this.#child.pid);
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => resolve({ code }));
      this.#child.once('error', (error) => {
        this.#keep(messageOf(error));
        resolve({ code: null });
      });
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
    await Promise.race([this.ended, sleep(STOP_MS, undefined, { ref: false })]);
    if (!this.#runs()) return true;
    this.#child.kill('SIGKILL');
    await this.ended;
    return false;
  }

  /** Sends it a signal as an operator or the kernel would. Resolves when SIGKILL has done its work. */
  async signal(name: NodeJS.Signals): Promise<void> {
    this.#child.kill(name);
    if (name === 'SIGKILL') await this.ended;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  #runs(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #keep(line: string): void {
    if (this.#log.push(line.slice(0, 2000)) > LOG_LINES_MAX) this.#log.shift();
  }
}
