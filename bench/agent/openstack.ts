/** Keystone and Neutron as far as the agent asks them, with the documented forms of their answers, over real HTTP. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What a server says to a question; undefined: it does not answer. */
export type Say = (asked: Asked) => Answer | undefined | Promise<Answer | undefined>;

/** An HTTP server whose answers are a function, which a test may replace at any time. */
export class ScriptedServer {
  say: Say;
  readonly asked: Asked[] = [];
  readonly #server: Server;
  readonly #scheme: string;

  private constructor(say: Say, server: Server, scheme: string) {
    this.say = say;
    this.#server = server;
    this.#scheme = scheme;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response));
  }

  static async start(say: Say, tls?: ServerOptions): Promise<ScriptedServer> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    const scripted = new ScriptedServer(say, server, tls === undefined ? 'http' : 'https');
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return scripted;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const asked = { method, path, headers, body: await text(request) };
    this.asked.push(asked);
    const answer = await this.say(asked);
    if (answer === undefined) return;
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }
}

export interface FakePort {
  readonly id: string;
  readonly network_id: string;
  readonly device_id: string;
  readonly device_owner: string;
  readonly project_id: string;
  readonly mac_address: string;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
  /** Absent: the extension is not loaded. */
  readonly allowed_address_pairs?: readonly { readonly ip_address: string; readonly mac_address?: string }[];
}

export interface Cloud {
  ports: FakePort[];
  /** Ports on one page; 0 for all. */
  pageSize: number;
  /** Milliseconds a token lasts. */
  tokenLifeMs: number;
  /** What the catalogue has; undefined: Neutron at its own URL, in one region and three interfaces. */
  catalog: unknown;
  /** Tokens that Neutron accepts. */
  readonly tokens: Set<string>;
  readonly keystone: ScriptedServer;
  readonly neutron: ScriptedServer;
  close(): Promise<void>;
}

/** The answers Keystone and Neutron give when nothing is wrong, for tests that replace some of them. */
export interface CloudSays {
  readonly keystone: Say;
  readonly neutron: Say;
}

export async function startCloud(): Promise<Cloud & { readonly says: CloudSays }> {
  const says: CloudSays = {
    keystone: () => issueToken(cloud),
    neutron: (asked) => {
      if (!cloud.tokens.has(String(asked.headers['x-auth-token']))) {
        return json(401, { error: { code: 401, title: 'Unauthorized', message: 'Authentication required' } });
      }
      return listPorts(cloud, asked.path);
    },
  };
  const [keystone, neutron] = [await ScriptedServer.start(says.keystone), await ScriptedServer.start(says.neutron)];
  const cloud: Cloud & { readonly says: CloudSays } = {
    ports: [],
    pageSize: 0,
    tokenLifeMs: 3_600_000,
    catalog: undefined,
    tokens: new Set(),
    keystone,
    neutron,
    says,
    close: async () => void (await Promise.all([keystone.close(), neutron.close()])),
  };
  return cloud;
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** One service of a catalogue: its endpoints as `[interface, region, url]`. */
export function service(type: string, endpoints: readonly (readonly [string, string, string])[]) {
  return {
    id: `${type}-id`,
    name: type,
    type,
    endpoints: endpoints.map(([interface_, region, url], index) => ({
      id: `${type}-${index}`,
      interface: interface_,
      region,
      region_id: region,
      url,
    })),
  };
}

function issueToken(cloud: Cloud): Answer {
  const token = `gAAAAAB-token-${cloud.tokens.size + 1}`;
  cloud.tokens.add(token);
  const issued = Date.now();
  const url = cloud.neutron.url;
  const everywhere = ['public', 'internal', 'admin'].map((each) => [each, 'RegionOne', url] as const);
  const body = {
    token: {
      methods: ['password'],
      user: { domain: { id: 'default', name: 'Default' }, id: 'user-id', name: 'metasteer', password_expires_at: null },
      audit_ids: ['3T2dc1CGQxyJsHdDu1xkcw'],
      expires_at: keystoneTime(issued + cloud.tokenLifeMs),
      issued_at: keystoneTime(issued),
      project: { domain: { id: 'default', name: 'Default' }, id: 'project-id', name: 'service' },
      is_domain: false,
      roles: [{ id: 'role-id', name: 'service' }],
      catalog: cloud.catalog ?? [
        service('identity', [['public', 'RegionOne', 'http://k/v3']]),
        service('network', everywhere),
      ],
    },
  };
  return json(201, body, { 'x-subject-token': token, vary: 'X-Auth-Token' });
}

/** Keystone writes microseconds. */
function keystoneTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function listPorts(cloud: Cloud, path: string): Answer {
  const url = new URL(path, cloud.neutron.url);
  if (url.pathname !== '/v2.0/ports')
    return json(404, { NeutronError: { message: 'The resource could not be found.' } });
  const query = url.searchParams;
  const allows = (name: string, value: string) => !query.has(name) || query.getAll(name).includes(value);
  const wantedIps = query.getAll('fixed_ips').map((filter) => filter.replace(/^ip_address=/, ''));
  const found = cloud.ports
    .filter((port) =>
      (['network_id', 'device_id', 'device_owner', 'mac_address'] as const).every((name) => allows(name, port[name])),
    )
    .filter((port) => wantedIps.length === 0 || port.fixed_ips.some((ip) => wantedIps.includes(ip.ip_address)))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

  const limit = Number(query.get('limit') ?? 0) || cloud.pageSize;
  const after = limit === 0 ? null : query.get('marker');
  const rest = found.filter((port) => after === null || port.id > after);
  const page = limit === 0 ? rest : rest.slice(0, limit);
  const fields = query.getAll('fields');
  const shown = page.map((port) => {
    const all = { ...port, tenant_id: port.project_id, status: 'ACTIVE', name: '' };
    return Object.fromEntries(Object.entries(all).filter(([name]) => fields.length === 0 || fields.includes(name)));
  });
  if (limit === 0 || page.length < limit) return json(200, { ports: shown });
  query.set('marker', page.at(-1)?.id ?? '');
  return json(200, { ports: shown, ports_links: [{ rel: 'next', href: url.href }] });
}
