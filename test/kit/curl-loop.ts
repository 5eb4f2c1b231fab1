import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import type { Namespace } from '../../src/demo/namespace.ts';
import type { RunDir } from '../../src/demo/run-dir.ts';
import { METADATA_V4 } from './node.ts';

/** Real curl that asks over and over inside an instance, a connection for each request. */
export class CurlLoop {
  /** Bodies in their order; where a request failed, what curl said and its exit status. */
  readonly answers: string[] = [];
  readonly #flag: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  /** @param name tells it from other loops of the run */
  constructor(runDir: RunDir, name: string, instance: Namespace, path = '/') {
    this.#flag = runDir.file(`loop-${name}`);
    writeFileSync(this.#flag, '');
    const ask = `curl -sS --fail --max-time 5 ${METADATA_V4}${path} 2>&1; echo " $?"`;
    const script = `while [ -e ${this.#flag} ]; do ${ask}; done`;
    this.#child = spawn('ip', ['netns', 'exec', instance.name, 'bash', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    let rest = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.answers.push(line.replace(/ 0$/, ''));
    });
  }

  /** Lets the request of the moment end, and no other begin. */
  async stop(): Promise<void> {
    rmSync(this.#flag, { force: true });
    await this.#ended;
  }
}
