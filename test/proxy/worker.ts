import { fstatSync } from 'node:fs';
import { type DestinationStream, pino } from 'pino';
import { parseMacAddress } from '../../src/identity/mac-address.ts';
import { type OwnerKind, parseOwnerId } from '../../src/identity/owner-id.ts';
import { parsePortId } from '../../src/identity/port-id.ts';
import { Front } from '../../src/kernel/front.ts';
import type { GateOpener } from '../../src/link/client-link.ts';
import { agentConnectionsMax } from '../../src/proxy/descriptors.ts';
import type { ProxySettings, WorkerTraceEvent } from '../../src/proxy/messages.ts';
import { MetadataProxy } from '../../src/proxy/proxy.ts';
import type { CountRequest } from '../../src/proxy/rate-limit.ts';
import { socketDirectory } from '../kit/agents.ts';
import { openListeningSocket } from '../kit/listening-socket.ts';
import { exchangeRaw, RawClient } from '../kit/raw-client.ts';

export const OWNER = '0a1b2c3d-0000-4000-8000-00000000beef';

/** What workers of this process have their clients' sockets with, unless they are told: Node, or the front of the shim. */
let usual: 'node' | 'front' = 'node';

export function serveOverFront(): void {
  usual = 'front';
}

type Part<T> = { readonly [Key in keyof T]?: T[Key] };

export interface WorkerOptions {
  readonly agent?: Part<ProxySettings['agent']>;
  readonly timeouts?: Part<ProxySettings['timeouts']>;
  readonly limits?: Part<ProxySettings['limits']>;
  readonly rateLimit?: ProxySettings['rateLimit'];
  readonly countRequest?: CountRequest;
  readonly access?: ProxySettings['log']['access'];
  readonly ownerKind?: OwnerKind;
  readonly mac?: string;
  /** Counts how often a socket is asked for the MAC. */
  readonly macAsked?: { count: number };
  /** Takes what is told of clients that are traced. */
  readonly traced?: (event: WorkerTraceEvent) => void;
  readonly ports?: number;
  readonly descriptorsMax?: number;
  /** Where it listens. */
  readonly host?: string;
  /** Connections the front has room for. */
  readonly frontSlots?: number;
}

export function settingsOf(socket: string, options: WorkerOptions): ProxySettings {
  return {
    agent: {
      socket,
      generation: 'auto',
      concurrency: 8,
      queueLength: 1000,
      queueTimeoutMs: 8000,
      retryMs: 20,
      clientMac: false,
      ...options.agent,
    },
    timeouts: {
      connectMs: 30_000,
      clientMs: 32_000,
      serverMs: 32_000,
      httpRequestMs: 30_000,
      httpKeepAliveMs: 30_000,
      ...options.timeouts,
    },
    limits: {
      headBytes: 16_384,
      headerCount: 100,
      targetBytes: 8192,
      bodyBytes: 65_536,
      connections: 1024,
      ...options.limits,
    },
    ...(options.rateLimit === undefined ? {} : { rateLimit: options.rateLimit }),
    log: { access: options.access ?? 'all' },
  };
}

export function ownerOf(index: number): string {
  return index === 0 ? OWNER : `0a1b2c3d-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

function openFront(settings: ProxySettings, slots = settings.limits.connections + 1024): Front {
  const { timeouts, agent } = settings;
  return new Front({
    connections: slots,
    agentConnections: agentConnectionsMax(settings),
    agentPath: agent.socket,
    unackedMs: 2 * timeouts.clientMs + 10_000,
  });
}

/** The real request path behind loopback ports instead of steered ones. */
export class Worker {
  readonly proxy: MetadataProxy;
  /** Access log, one object per line. */
  readonly log: Record<string, unknown>[];
  readonly socket: string;
  readonly #ports: number[];
  readonly #remove: () => void;

  private constructor(
    proxy: MetadataProxy,
    log: Record<string, unknown>[],
    socket: string,
    ports: number[],
    remove: () => void,
  ) {
    this.proxy = proxy;
    this.log = log;
    this.socket = socket;
    this.#ports = ports;
    this.#remove = remove;
  }

  static async start(options: WorkerOptions = {}): Promise<Worker> {
    const directory = socketDirectory();
    const socket = `${directory.path}/agent`;
    const log: Record<string, unknown>[] = [];
    const destination: DestinationStream = {
      write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>),
    };
    const mac = options.mac === undefined ? undefined : parseMacAddress(options.mac);
    // As the kernel does, which frees the saved SYN with the first look. Inodes tell sockets apart, descriptors come again.
    const asked = new Set<number>();
    const peerMac = (fd: number) => {
      if (options.macAsked !== undefined) options.macAsked.count += 1;
      const { ino } = fstatSync(fd);
      if (asked.has(ino)) return undefined;
      asked.add(ino);
      return mac;
    };
    const { countRequest, descriptorsMax, traced } = options;
    const settings = settingsOf(socket, options);
    const front = usual === 'front' ? openFront(settings, options.frontSlots) : undefined;
    const openGate: GateOpener | undefined = front && ((id, user) => front.gate(id, user, peerMac));
    const environment = {
      log: pino({}, destination),
      peerMac,
      ...(countRequest ? { countRequest } : {}),
      ...(openGate && front ? { openGate, dial: front.dial } : {}),
      ...(traced ? { traced } : {}),
      ...(descriptorsMax === undefined ? {} : { descriptorsMax }),
    };
    const proxy = new MetadataProxy(settings, environment);
    const ports: number[] = [];
    for (let index = 0; index < (options.ports ?? 1); index += 1) {
      const id = parseOwnerId(ownerOf(index));
      if (id === undefined) throw new Error('bad owner');
      const port = {
        id: parsePortId(index),
        owner: { kind: options.ownerKind ?? ('router' as const), id },
        namespace: `qrouter-${id}`,
        interface: `qr-${index}`,
      };
      const host = options.host ?? '127.0.0.1';
      const bound = front && (await openListeningSocket(host));
      const address = await proxy.addPort(port, bound ? { fd: bound.fd, backlog: 511 } : { host, port: 0 });
      ports.push(bound?.port ?? address?.port ?? 0);
    }
    const remove = () => {
      front?.close();
      directory.remove();
    };
    return new Worker(proxy, log, socket, ports, remove);
  }

  port(index = 0): number {
    return this.#ports[index] ?? 0;
  }

  open(index = 0, localAddress = '127.0.0.1'): Promise<RawClient> {
    return RawClient.open({ host: '127.0.0.1', port: this.port(index), localAddress });
  }

  /** Sends segments and returns all that comes back until the worker closes. */
  raw(...segments: readonly (string | Buffer)[]): Promise<string> {
    return exchangeRaw({ host: '127.0.0.1', port: this.port() }, segments);
  }

  refused(index = 0): Readonly<Record<string, number>> {
    return this.proxy.status().ports[index]?.refused ?? {};
  }

  async stop(): Promise<void> {
    await this.proxy.stop(0);
    this.#remove();
  }
}

/** Waits until a condition holds; fails after `deadlineMs`. */
export async function until(condition: () => boolean, what: string, deadlineMs = 10_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`in ${deadlineMs} ms not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
