import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach } from 'node:test';
import { type DestinationStream, pino } from 'pino';
import { LocalOwners } from '../../src/agent/local-owners.ts';
import { NovaClient } from '../../src/agent/nova-client.ts';
import type { Resolution } from '../../src/agent/resolver.ts';
import type { ResolverLike } from '../../src/agent/resolver-like.ts';
import { AgentServer } from '../../src/agent/server.ts';
import { type AgentSettings, parseAgentSettings } from '../../src/agent/settings/load.ts';
import { readSecretFile } from '../../src/agent/settings/secret.ts';
import { type Asker, SourceError } from '../../src/agent/source.ts';
import { Histogram } from '../../src/metrics/histogram.ts';
import { socketDirectory } from '../kit/agents.ts';
import { exchangeRaw, RawClient } from '../kit/raw-client.ts';

export const ROUTER = '11111111-1111-4111-8111-111111111111';
export const NETWORK = '22222222-2222-4222-8222-222222222222';
export const CLIENT = '10.0.0.5';
export const SHARED_SECRET = 'a secret shared with nova';
export const INSTANCE = { instanceId: 'aaaaaaaa-0000-4000-8000-00000000000a', projectId: 'project-a' };
export const OTHER_INSTANCE = { instanceId: 'bbbbbbbb-0000-4000-8000-00000000000b', projectId: 'project-b' };

/** Head lines that name the one client there is. */
export const WHO = `X-Neutron-Router-ID: ${ROUTER}\r\nX-Forwarded-For: ${CLIENT}\r\n`;

const stops: (() => Promise<void>)[] = [];

/** Ends what a test started, last first. To be called once by a test file that uses the functions below. */
export function endAfterEach(): void {
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
}

/** Knows one client behind one router; a test may say something else for any. */
export class TestResolver implements ResolverLike {
  readonly asked: Asker[] = [];
  readonly forgotten: Asker[] = [];
  readonly lookupTimes = new Histogram();
  answer: (asker: Asker) => Resolution | Promise<Resolution> = ({ owner, address }) =>
    owner.id === ROUTER && address === CLIENT ? { kind: 'found', instance: INSTANCE } : { kind: 'none' };

  async resolve(asker: Asker): Promise<Resolution> {
    this.asked.push(asker);
    return this.answer(asker);
  }

  forget(asker: Asker): void {
    this.forgotten.push(asker);
  }

  get counters(): { readonly lookups: number } {
    return { lookups: this.asked.length };
  }
}

export function sourceDown(): never {
  throw new SourceError('Neutron does not answer');
}

/** A request as nova got it. */
export interface Got {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Which connection brought it, counted from 0. */
  readonly connection: number;
}

export type NovaAnswerer = (got: Got, response: ServerResponse, request: IncomingMessage) => void;

/** A stub of nova that keeps what it gets. */
export class TestNova {
  readonly got: Got[] = [];
  connections = 0;
  answer: NovaAnswerer = (_, response) => void response.end('hello');
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    const numbers = new Map<unknown, number>();
    server.on('connection', (socket) => numbers.set(socket, this.connections++));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void buffer(request).then((body) => {
        const { method = '', url: target = '', headers, socket } = request;
        const got = {
          method,
          target,
          headers: headers as Record<string, string>,
          body,
          connection: numbers.get(socket) ?? -1,
        };
        this.got.push(got);
        this.answer(got, response, request);
      });
    });
  }

  static async start(answer?: NovaAnswerer, make: () => Server = createServer): Promise<TestNova> {
    const nova = new TestNova(make());
    if (answer !== undefined) nova.answer = answer;
    await new Promise<void>((resolve) => nova.#server.listen(0, '127.0.0.1', resolve));
    stops.push(() => nova.stop());
    return nova;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.once('close', resolve));
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Closes what is open, as a nova that is started anew does. */
  dropConnections(): void {
    this.#server.closeAllConnections();
  }
}

/** The settings of a test: YAML beside what every test needs. */
export function settingsOf(socket: string, novaUrls: readonly string[], yaml = ''): AgentSettings {
  const text = `
socket: ${socket}
resolver: { source: inventory }
inventory: { file: /none }
admin: { socket: ${socket}-admin }
${yaml.includes('nova:') ? yaml.replace('NOVA', novaUrls.join(', ')) : `nova: { addresses: [${novaUrls.join(', ')}] }\n${yaml}`}
`;
  const environment = { METASTEER_SHARED_SECRET: SHARED_SECRET };
  return parseAgentSettings(text, 'test.yaml', { environment, readText: () => '', readSecret: readSecretFile });
}

/** The agent's request path on a socket, over a resolver of the test. */
export class TestAgent {
  readonly socket: string;
  readonly server: AgentServer;
  readonly nova: NovaClient;
  readonly resolver: TestResolver;
  readonly owners: LocalOwners;
  readonly settings: AgentSettings;
  /** Log lines. */
  readonly log: Record<string, unknown>[];
  /** The same as text. */
  readonly logText: () => string;

  private constructor(
    parts: Pick<TestAgent, 'socket' | 'server' | 'nova' | 'resolver' | 'owners' | 'settings' | 'log'>,
    logText: () => string,
  ) {
    ({
      socket: this.socket,
      server: this.server,
      nova: this.nova,
      resolver: this.resolver,
      owners: this.owners,
      settings: this.settings,
      log: this.log,
    } = parts);
    this.logText = logText;
  }

  /** @param yaml further settings; in a section `nova`, NOVA stands for the addresses */
  static async start(novas: readonly { readonly url: string }[], yaml = ''): Promise<TestAgent> {
    const directory = socketDirectory();
    stops.push(async () => directory.remove());
    const settings = settingsOf(
      `${directory.path}/agent`,
      novas.map(({ url }) => url),
      yaml.includes('log:') ? yaml : `log: { access: all }\n${yaml}`,
    );
    const log: Record<string, unknown>[] = [];
    let text = '';
    const destination: DestinationStream = {
      write: (line) => {
        text += line;
        log.push(JSON.parse(line) as Record<string, unknown>);
      },
    };
    const logger = pino({ level: 'trace' }, destination);
    const nova = new NovaClient(settings.nova, logger);
    const resolver = new TestResolver();
    const owners = new LocalOwners(logger);
    const server = new AgentServer({ settings, resolver, nova, owners, log: logger });
    await server.listen();
    stops.push(async () => {
      await server.stop(0);
      await nova.destroy();
    });
    return new TestAgent({ socket: settings.socket.path, server, nova, resolver, owners, settings, log }, () => text);
  }

  /** Sends segments and returns all that comes back until the agent closes. */
  raw(...segments: readonly (string | Buffer)[]): Promise<string> {
    return exchangeRaw({ path: this.socket }, segments);
  }

  open(): Promise<RawClient> {
    return RawClient.open({ path: this.socket });
  }

  /** The whole reply to one request. */
  get(path: string, more = '', method = 'GET'): Promise<string> {
    return this.raw(`${method} ${path} HTTP/1.1\r\n${WHO}${more}Connection: close\r\n\r\n`);
  }
}

/** Status of a reply. */
export function statusOf(reply: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(reply)?.[1] ?? Number.NaN);
}

export function bodyOf(reply: string): string {
  return reply.slice(reply.indexOf('\r\n\r\n') + 4);
}
