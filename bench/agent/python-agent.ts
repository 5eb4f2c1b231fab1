import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/kernel/paths.ts';

/** Debian's own Python, which knows Debian's packages; another one may come first in the path. */
const PYTHON = '/usr/bin/python3';
const ERRORS_MAX = 8192;

/** An agent as Neutron has it, in bench/agent. What it tells of single requests is not looked at. */
export class PythonAgent {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('close', resolve));
  }

  /** Starts it and waits until it tells that it listens. @throws {Error} when it ends before, with its last words */
  static start(script: string, ...args: readonly string[]): Promise<PythonAgent> {
    // What it asks is on this machine, whatever the environment says about HTTP proxies.
    const env = { ...process.env, no_proxy: '*' };
    const child = spawn(PYTHON, [join(packageRoot, 'bench/agent', script), ...args], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-ERRORS_MAX);
    });
    const agent = new PythonAgent(child);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`${script} ended with ${code}: ${errors}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('{"listening"')) resolve(agent);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
