import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../../src/demo/namespace.ts';

const SERVER = fileURLToPath(new URL('./echo-server.js', import.meta.url));

/** Servers inside a namespace that answer with the protocol and port they were reached at. */
export class EchoServers {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(
    namespace: Namespace,
    ports: { readonly tcp?: readonly number[]; readonly udp?: readonly number[] },
  ): Promise<EchoServers> {
    const wanted = [
      ...(ports.tcp ?? []).map((port) => `tcp:${port}`),
      ...(ports.udp ?? []).map((port) => `udp:${port}`),
    ];
    const child = spawn('ip', ['netns', 'exec', namespace.name, process.execPath, SERVER, ...wanted], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('no standard output');
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => Promise.reject(new Error('the servers ended'))),
    ]);
    return new EchoServers(child);
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
