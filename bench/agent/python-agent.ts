import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/kernel/paths.ts';

/** Debian's own Python, which knows Debian's packages; another one may come first in the path. */
export const PYTHON = '/usr/bin/python3';

/** An agent written in Python. It tells things on its standard output, one JSON object a line. */
export class PythonAgent {
  /** The end of what it wrote to its standard error. */
  errors = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** Not read before somebody asks: an agent under load tells of every request. */
  readonly #lines: string[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    // 'close' comes after the last line was read.
    this.#ended = new Promise((resolve) => child.once('close', resolve));
  }

  /** Starts it, by its path in the repository, and waits until it tells that it listens. @throws {Error} when it ends before, with its last words */
  static start(script: string, ...args: readonly string[]): Promise<PythonAgent> {
    // What it asks is on this machine, whatever the environment says about HTTP proxies.
    const env = { ...process.env, no_proxy: '*' };
    const child = spawn(PYTHON, [join(packageRoot, script), ...args], { stdio: 'pipe', env });
    const agent = new PythonAgent(child);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      agent.errors = (agent.errors + text).slice(-8192);
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`${script} ended with ${code}: ${agent.errors}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('{"listening"')) resolve(agent);
        else agent.#lines.push(line);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it has told since it listens. */
  get told(): readonly Readonly<Record<string, unknown>>[] {
    return this.#lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }

  /** Ends its standard input, upon which it tells its last and ends. */
  async finish(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
