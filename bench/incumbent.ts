import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../src/demo/command.ts';
import { endProcesses } from './processes.ts';
import type { FleetRouter } from './routers.ts';
import type { Workspace } from './workspace.ts';

/** How long Neutron waits after SIGTERM (contract.md 1.4). */
const STOP_MS = 5_000;
/** metadata_port of Neutron. */
const PORT = 9697;

export interface HaproxySettings {
  readonly routerId: string;
  readonly agentSocket: string;
  readonly pidFile: string;
  readonly user: string;
  readonly group: string;
}

/** How Neutron's haproxies treat clients and agents, whatever they are for. */
export const HAPROXY_MANNERS = `\
    option dontlognull
    option http-server-close
    option forwardfor
    retries 3
    timeout http-request 30s
    timeout connect 30s
    timeout client 32s
    timeout server 32s
    timeout http-keep-alive 30s`;

/** The configuration Neutron writes for a router (contract.md 1.1), on a host with IPv6, from 2025.2 on. */
export function haproxyConfig({ routerId, agentSocket, pidFile, user, group }: HaproxySettings): string {
  return `global
    log /dev/log local0 info
    log-tag haproxy-metadata-proxy-${routerId}
    user ${user}
    group ${group}
    maxconn 1024
    nbthread 2
    pidfile ${pidFile}
    daemon

defaults
    log global
    mode http
    option httplog
${HAPROXY_MANNERS}

listen listener
    bind :::${PORT}
    server metadata ${agentSocket}
    http-request del-header X-Neutron-Network-ID
    http-request set-header X-Neutron-Router-ID ${routerId}
`;
}

/** Starts haproxies as Neutron's agents do. */
export class Incumbent {
  readonly #workspace: Workspace;
  readonly #agentSocket: string;
  readonly #group: string;

  private constructor(workspace: Workspace, agentSocket: string, group: string) {
    this.#workspace = workspace;
    this.#agentSocket = agentSocket;
    this.#group = group;
  }

  /** They run as `nobody`, in the place of Neutron's own user. */
  static async prepare(workspace: Workspace, agentSocket: string): Promise<Incumbent> {
    const group = (await runCommand('id', ['-gn', 'nobody'])).trim();
    return new Incumbent(workspace, agentSocket, group);
  }

  /**
   * Starts the haproxy of one router (contract.md 1.4) and returns when it has put itself into the background, which
   * is when it listens.
   *
   * @throws {CommandError} with what haproxy said
   */
  async spawn({ id, namespace }: FleetRouter): Promise<Haproxy> {
    const config = join(this.#workspace.folder('ns-metadata-proxy'), `${id}.conf`);
    const pidFile = join(this.#workspace.folder('external/pids'), `${id}.pid.haproxy`);
    rmSync(pidFile, { force: true });
    const settings = { routerId: id, agentSocket: this.#agentSocket, pidFile, user: 'nobody', group: this.#group };
    writeFileSync(config, haproxyConfig(settings));
    await runCommand('ip', ['netns', 'exec', namespace, 'env', `PROCESS_TAG=haproxy-${id}`, 'haproxy', '-f', config]);
    return new Haproxy(Number(readFileSync(pidFile, 'utf8')));
  }
}

/** One running haproxy. Whatever is not stopped goes with the workspace, whose path its command line names. */
export class Haproxy {
  readonly pid: number;

  constructor(pid: number) {
    this.pid = pid;
  }

  /** As Neutron stops it: SIGTERM, and SIGKILL after 5 s. */
  async stop(): Promise<void> {
    await endProcesses([this.pid], STOP_MS);
  }
}
