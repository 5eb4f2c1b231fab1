import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { haproxyConfig } from '../../bench/incumbent.ts';
import { endProcesses } from '../../bench/processes.ts';
import { runCommand } from '../../src/demo/command.ts';
import type { RunDir } from '../../src/demo/run-dir.ts';
import type { Router } from '../../src/demo/topology.ts';

/** Debian's haproxy in a router's namespace, configured and started as Neutron does it (contract.md 1.1, 1.4). */
export class NeutronHaproxy {
  readonly #pid: number;

  private constructor(pid: number) {
    this.#pid = pid;
  }

  /** Returns when it listens. @throws {CommandError} with what haproxy said */
  static async start(router: Router, runDir: RunDir, agentSocket: string): Promise<NeutronHaproxy> {
    const config = runDir.file(`${router.uuid}.conf`);
    const pidFile = runDir.file(`${router.uuid}.pid.haproxy`);
    rmSync(pidFile, { force: true });
    const group = (await runCommand('id', ['-gn', 'nobody'])).trim();
    writeFileSync(config, haproxyConfig({ routerId: router.uuid, agentSocket, pidFile, user: 'nobody', group }));
    await router.namespace.run('haproxy', ['-f', config]);
    return new NeutronHaproxy(Number(readFileSync(pidFile, 'utf8')));
  }

  async stop(): Promise<void> {
    await endProcesses([this.#pid], 5000);
  }
}
