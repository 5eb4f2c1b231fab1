import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that is told things line by line and answers in lines. It ends when its input does. */
export class LineProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(command: string, args: readonly string[]) {
    // In a group of its own, so that Ctrl-C does not reach it.
    this.#child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin?.on('error', () => {});
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        this.#lines.push(line);
        this.#wake?.();
      });
    }
    const end = () => {
      this.#ended = true;
      this.#wake?.();
    };
    this.#child.once('error', end).once('close', end);
  }

  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** The next line. @throws {Error} when the program ends, or says nothing in time */
  async line(withinMs: number): Promise<string> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      const left = deadline - performance.now();
      if (this.#ended || left <= 0)
        throw new Error(`${this.#child.spawnargs.join(' ')} ${this.#ended ? 'ended' : 'is silent'}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): void {
    this.#child.stdin?.end();
    this.#child.kill('SIGTERM');
  }
}
