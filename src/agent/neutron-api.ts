import type * as z from 'zod';
import { messageOf } from '../errors.ts';
import { type ApiAnswer, ApiClient } from './api-client.ts';
import { type ApiBase, apiBase } from './api-url.ts';
import { BackOff, retryAfterMsOf } from './back-off.ts';
import type { Keystone, Session } from './keystone.ts';
import { pageOf } from './neutron-page.ts';
import { type EndpointChoice, endpointIn } from './service-catalog.ts';
import { SourceError } from './source.ts';
import { connectionOptionsOf, type TlsOptions } from './tls-options.ts';

export interface NeutronApiOptions {
  readonly keystone: Pick<Keystone, 'session' | 'refuse'>;
  /** Where the API is, with or without `/v2.0` at the end. Default: what the catalogue says. */
  readonly url?: string;
  /** Which endpoint of the catalogue. Default `internal`. */
  readonly interface?: EndpointChoice['interface'];
  readonly region?: string;
  readonly tls?: TlsOptions;
  /** Requests to Neutron at once. Default 8. */
  readonly connections?: number;
  /** Time limit of one request. Default 5 s. */
  readonly timeoutMs?: number;
  /** A clock in milliseconds that never goes back. */
  readonly now?: () => number;
}

/** One list of ports: filters and fields as query parameters, in order. A name may occur several times. */
export interface PortQuery<Row> {
  readonly filters: readonly (readonly [name: string, value: string])[];
  readonly fields: readonly string[];
  /** What is expected of each port. */
  readonly row: z.ZodType<Row>;
}

const CONNECTIONS = 8;
const TIMEOUT_MS = 5000;
const PAGES_MAX = 64;
const PORTS_MAX = 16_384;

/** Neutron's API v2.0, as far as lists of ports go. */
export class NeutronApi {
  readonly #options: NeutronApiOptions;
  readonly #fixed: ApiBase | undefined;
  readonly #backOff: BackOff;
  #client: ApiClient | undefined;
  #closed = false;

  /**
   * @throws {TypeError} when the URL is not one of HTTP
   * @throws {MetasteerError} `tls-files`
   */
  constructor(options: NeutronApiOptions) {
    this.#options = options;
    this.#fixed = options.url === undefined ? undefined : apiBase(options.url, 'v2.0');
    this.#backOff = new BackOff(options.now ?? (() => performance.now()));
    // The connections are only made when an endpoint is known; files that cannot be used are to be told at once.
    connectionOptionsOf(options.tls ?? {});
  }

  /**
   * All ports that a query finds, over all pages.
   *
   * @throws {SourceError} when the list is not complete and as expected
   */
  async ports<Row>({ filters, fields, row }: PortQuery<Row>, signal: AbortSignal): Promise<readonly Row[]> {
    const parameters = new URLSearchParams();
    for (const [name, value] of filters) parameters.append(name, value);
    for (const field of fields) parameters.append('fields', field);
    const found: Row[] = [];
    let query = parameters;
    for (let page = 0; page < PAGES_MAX; page++) {
      const { rows, next } = pageOf(await this.#get(query, signal), row);
      found.push(...rows);
      if (found.length > PORTS_MAX) throw new SourceError(`Neutron lists more than ${PORTS_MAX} ports`);
      if (next === undefined) return found;
      // Only the mark where to go on is taken from the link. Where it points to is not: with a wrong proxy in front of Neutron
      // that is another origin, to which the token must not go.
      query = new URLSearchParams(parameters);
      for (const [name, value] of next) query.append(name, value);
    }
    throw new SourceError(`Neutron lists ports on more than ${PAGES_MAX} pages`);
  }

  /** Ends requests under way with an error. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.close();
  }

  /** Asks once more with a new token where the first is refused: it may have been revoked, or Keystone's keys rotated. */
  async #get(query: URLSearchParams, signal: AbortSignal): Promise<string> {
    this.#backOff.check();
    for (const again of [false, true]) {
      const session = await this.#options.keystone.session(signal);
      const { client, path } = this.#endpointOf(session);
      const headers = { 'x-auth-token': session.token };
      const answer = await client.ask({ method: 'GET', path: `${path}/v2.0/ports?${query}`, headers }, signal);
      if (answer.status === 200) {
        this.#backOff.succeeded();
        return answer.body;
      }
      if (answer.status !== 401) throw this.#refused(client.origin, answer);
      this.#options.keystone.refuse(session, again ? 'Neutron refuses a new token of Keystone (401)' : undefined);
    }
    throw new SourceError('Neutron refuses a new token of Keystone (401)');
  }

  #endpointOf(session: Session): { readonly client: ApiClient; readonly path: string } {
    const { origin, path } = this.#fixed ?? this.#listedIn(session);
    if (this.#closed) throw new SourceError('the source of instances is closed');
    if (this.#client?.origin !== origin) {
      // The endpoint moved. What is under way at the old one ends with an error.
      void this.#client?.close();
      const { tls = {}, connections = CONNECTIONS, timeoutMs = TIMEOUT_MS } = this.#options;
      this.#client = new ApiClient({ name: 'Neutron', origin, tls, connections, timeoutMs });
    }
    return { client: this.#client, path };
  }

  /** The catalogue comes with the token: one that does not help is not kept for the token's whole life. */
  #listedIn(session: Session): ApiBase {
    const { interface: wanted = 'internal', region } = this.#options;
    try {
      const choice = { type: 'network', interface: wanted, ...(region !== undefined && { region }) };
      return baseOf(endpointIn(session.catalog, choice));
    } catch (error) {
      this.#options.keystone.refuse(session, messageOf(error));
      throw error;
    }
  }

  #refused(origin: string, { status, headers }: ApiAnswer): SourceError {
    const error = new SourceError(`Neutron at ${origin}: ${refusalOf(status)}`);
    const retryAfterMs = retryAfterMsOf(headers);
    if (status === 429 || (status === 503 && retryAfterMs !== undefined)) {
      this.#backOff.failed(error.message, retryAfterMs);
    }
    return error;
  }
}

/** What it means that an answer has a port which the question does not allow. */
export function notAskedFor(): SourceError {
  return new SourceError('Neutron lists a port that was not asked for; it seems not to know a filter');
}

function baseOf(url: string): ApiBase {
  try {
    return apiBase(url, 'v2.0');
  } catch (error) {
    throw new SourceError('Keystone’s catalogue has an endpoint of network that is no URL of http or https', {
      cause: error,
    });
  }
}

function refusalOf(status: number): string {
  switch (status) {
    case 403:
      return 'the credentials may not list ports (403)';
    case 404:
      return 'there is no Networking API v2.0 at this URL (404)';
    case 414:
      return 'the question is too long for it or for a proxy in front of it (414)';
    case 429:
      return 'too many requests, it says (429)';
    default:
      return status >= 500 ? `it is out of order (${status})` : `an answer of status ${status} is no list of ports`;
  }
}
