import type { IncomingHttpHeaders } from 'node:http';
import { Pool } from 'undici';
import { messageOf } from '../errors.ts';
import { withDeadline } from './deadline.ts';
import { SourceError } from './source.ts';
import { connectionOptionsOf, type TlsOptions } from './tls-options.ts';

export interface ApiClientOptions {
  /** What messages call the server, such as `Neutron`. */
  readonly name: string;
  readonly origin: string;
  readonly tls?: TlsOptions;
  /** Connections, and so requests at once: each carries one at a time. */
  readonly connections: number;
  /** For a whole exchange: waiting for a connection, connecting, and the complete answer. */
  readonly timeoutMs: number;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Bytes of one answer. A catalogue of a large cloud, or 10,000 ports of a router, stay below. */
export const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

/**
 * HTTP to one OpenStack API: bounded in connections, time and size; it follows no redirection and repeats nothing.
 * Requests wait for a connection without a limit of their own: who asks (the resolver) bounds how many there are.
 */
export class ApiClient {
  readonly origin: string;
  readonly #name: string;
  readonly #timeoutMs: number;
  readonly #pool: Pool;

  /** @throws {MetasteerError} `tls-files` */
  constructor({ name, origin, tls = {}, connections, timeoutMs }: ApiClientOptions) {
    this.origin = origin;
    this.#name = name;
    this.#timeoutMs = timeoutMs;
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: ANSWER_BYTES_MAX,
      connect: { ...connectionOptionsOf(tls), timeout: timeoutMs },
    });
  }

  /** @throws {SourceError} when there is no complete answer in time; a status is never an error here */
  async ask(request: ApiRequest, signal?: AbortSignal): Promise<ApiAnswer> {
    const reason = () => this.#failed(`no answer within ${this.#timeoutMs} ms`);
    const deadline = { ms: this.#timeoutMs, reason, ...(signal && { parent: signal }) };
    try {
      return await withDeadline(deadline, (ends) => this.#exchange(request, ends));
    } catch (error) {
      throw error instanceof SourceError ? error : this.#failed(causeOf(error), error);
    }
  }

  /** Ends requests under way with an error. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #exchange({ method, path, headers = {}, body = '' }: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    const answer = await this.#pool.request({
      method,
      path,
      headers: { accept: 'application/json', 'user-agent': 'metasteer', ...headers },
      body: body === '' ? null : body,
      signal,
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  }

  #failed(message: string, cause?: unknown): SourceError {
    return new SourceError(`${this.#name} at ${this.origin}: ${message}`, { cause });
  }
}

/** Errors of several addresses of one host have an empty message and one code. */
function causeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return `the answer has more than ${ANSWER_BYTES_MAX} bytes`;
  return messageOf(error) || code;
}
