import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { builtFile } from '../kernel/paths.ts';

const CLI = builtFile('main');
const START_MS = 20_000;
const STOP_MS = 5_000;
const POLL_MS = 20;
const LOG_MAX = 8192;

export interface AgentOptions {
  /** Where its settings are written to. */
  readonly configFile: string;
  /** UNIX socket it is to listen on. Everybody may ask there: proxies without privileges do. */
  readonly socket: string;
  /** Further keys of its settings file. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** A command that becomes the agent: it is started with the agent's own as its last arguments. */
  readonly through?: readonly string[];
  /** Called with the process as soon as there is one, to keep it on record. */
  readonly onSpawn?: (pid: number) => void;
}

/** The metadata agent as an operator starts it: `metasteer agent -c FILE`, in a process of its own. */
export class MetadataAgent {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  }

  /** Starts it and waits until it listens. @throws {Error} when it does not, with its last words */
  static async start({ configFile, socket, settings, through = [], onSpawn }: AgentOptions): Promise<MetadataAgent> {
    writeFileSync(configFile, stringify({ socket, socket_mode: '0666', ...settings }));
    // In a group of its own, so that Ctrl-C in the terminal does not stop it behind our back.
    const [command = process.execPath, ...args] = [...through, process.execPath, CLI, 'agent', '-c', configFile];
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) onSpawn?.(child.pid);
    const agent = new MetadataAgent(child);
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-LOG_MAX);
      });
    }
    const deadline = performance.now() + START_MS;
    while (agent.#runs && performance.now() < deadline) {
      if (await answers(socket)) return agent;
      await sleep(POLL_MS);
    }
    await agent.stop();
    throw new Error(`metasteer agent does not listen: ${log.trim()}`);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** SIGTERM, and SIGKILL after 5 s. May be called again. */
  async stop(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (!this.#runs) return;
      this.#child.kill(signal);
      await Promise.race([this.#ended, sleep(STOP_MS, undefined, { ref: false })]);
    }
  }

  get #runs(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
