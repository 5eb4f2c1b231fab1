import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { haproxyConfig } from '../../bench/incumbent.ts';
import { type CommandResult, runCommand, tryCommand } from '../../src/demo/command.ts';
import type { RunDir } from '../../src/demo/run-dir.ts';
import type { Router } from '../../src/demo/topology.ts';
import { ROOT } from '../tidy/sources.ts';

/** In a mount namespace of its own, in which the shim is `haproxy` and has the settings of the test. */
const STAGE = 'mount -t overlay overlay -o "lowerdir=$1:/etc" /etc && export PATH="$2:$PATH" && shift 2 && exec "$@"';

/** What Neutron's agents do with haproxy, on a node where the shim stands in for it (contract.md 1.4). */
export class ShimmedNeutron {
  readonly #folder: string;
  readonly #path: string;
  readonly #agentSocket: string;
  readonly #group: string;

  private constructor(folder: string, path: string, agentSocket: string, group: string) {
    this.#folder = folder;
    this.#path = path;
    this.#agentSocket = agentSocket;
    this.#group = group;
  }

  /** @param settings lines of haproxy-shim.conf */
  static async prepare(
    runDir: Pick<RunDir, 'file'>,
    agentSocket: string,
    settings: readonly string[],
  ): Promise<ShimmedNeutron> {
    const folder = mkdtempSync(runDir.file('neutron-'));
    const path = join(folder, 'bin');
    mkdirSync(path);
    mkdirSync(join(folder, 'etc/metasteer'), { recursive: true });
    writeFileSync(join(folder, 'etc/metasteer/haproxy-shim.conf'), `${settings.join('\n')}\n`);
    symlinkSync(join(ROOT, 'native/build/metasteer-haproxy'), join(path, 'haproxy'));
    const group = (await runCommand('id', ['-gn', 'nobody'])).trim();
    return new ShimmedNeutron(folder, path, agentSocket, group);
  }

  /** Starts the haproxy of a router; says what came of it. */
  spawn({ uuid, namespace }: Router): Promise<CommandResult> {
    const conf = this.confOf(uuid);
    const pidFile = this.#pidFileOf(uuid);
    rmSync(pidFile, { force: true });
    const settings = { routerId: uuid, agentSocket: this.#agentSocket, pidFile, user: 'nobody', group: this.#group };
    writeFileSync(conf, haproxyConfig(settings));
    const tag = `PROCESS_TAG=haproxy-${uuid}`;
    return this.run('ip', 'netns', 'exec', namespace.name, 'env', tag, 'haproxy', '-f', conf);
  }

  confOf(uuid: string): string {
    return join(this.#folder, `${uuid}.conf`);
  }

  /** Runs a program where the shim is `haproxy`. */
  run(...command: readonly string[]): Promise<CommandResult> {
    const stage = ['--mount', 'sh', '-c', STAGE, 'sh', join(this.#folder, 'etc'), this.#path];
    return tryCommand('unshare', [...stage, ...command]);
  }

  /** The process that Neutron takes for the router's haproxy; undefined when it finds none (contract.md 1.4). */
  activePid(uuid: string): number | undefined {
    try {
      const pid = Number(readFileSync(this.#pidFileOf(uuid), 'utf8'));
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
      return Number.isInteger(pid) && command.includes(uuid) ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  #pidFileOf(uuid: string): string {
    return join(this.#folder, `${uuid}.pid.haproxy`);
  }
}
