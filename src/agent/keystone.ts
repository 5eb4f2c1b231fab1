import { messageOf } from '../errors.ts';
import { type ApiAnswer, ApiClient } from './api-client.ts';
import { apiBase } from './api-url.ts';
import { BackOff, retryAfterMsOf } from './back-off.ts';
import { untilAborted } from './deadline.ts';
import { type Login, loginBody, loginName, tokenSchema } from './keystone-login.ts';
import type { Catalog } from './service-catalog.ts';
import { SourceError } from './source.ts';
import type { TlsOptions } from './tls-options.ts';

export interface KeystoneOptions {
  /** With or without `/v3` at the end. */
  readonly url: string;
  readonly login: Login;
  readonly tls?: TlsOptions;
  /** Time limit of one authentication. Default 5 s. */
  readonly timeoutMs?: number;
  /** A clock in milliseconds that never goes back. */
  readonly now?: () => number;
}

/** What an authentication gives. The token is a secret. */
export interface Session {
  readonly token: string;
  readonly catalog: Catalog;
}

interface TimedSession extends Session {
  /** From here on a new one is asked for, while this one still serves. */
  readonly renewAt: number;
  readonly endsAt: number;
}

const TIMEOUT_MS = 5000;
/** How long before its end a token is renewed: a quarter of its life, at most this. */
const RENEWAL_MARGIN_MS = 120_000;
/** A token is not trusted for longer than this, whatever Keystone says. */
const LIFE_MS_MAX = 24 * 60 * 60 * 1000;
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/** Keeps a token of Keystone v3: gets it when first needed, renews it ahead of its end, one authentication at a time. */
export class Keystone {
  readonly #options: KeystoneOptions;
  readonly #api: ApiClient;
  readonly #path: string;
  readonly #now: () => number;
  readonly #backOff: BackOff;
  #session: TimedSession | undefined;
  #authentication: Promise<TimedSession> | undefined;

  /**
   * @throws {TypeError} when the URL is not one of HTTP
   * @throws {MetasteerError} `tls-files`
   */
  constructor(options: KeystoneOptions) {
    const { origin, path } = apiBase(options.url, 'v3');
    this.#options = options;
    this.#path = `${path}/v3/auth/tokens`;
    this.#now = options.now ?? (() => performance.now());
    this.#backOff = new BackOff(this.#now);
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    const tls = options.tls ?? {};
    this.#api = new ApiClient({ name: 'Keystone', origin, tls, connections: 1, timeoutMs });
  }

  /**
   * A session whose token has not ended. An authentication is shared by all who wait for it, so `signal` ends only the waiting.
   *
   * @throws {SourceError} when there is none and none can be had, or during the pause after a failure
   */
  async session(signal: AbortSignal): Promise<Session> {
    const current = this.#session;
    if (current === undefined || this.#now() >= current.endsAt) return untilAborted(this.#authenticated(), signal);
    if (this.#now() >= current.renewAt) this.#authenticated().catch(() => {});
    return current;
  }

  /**
   * Drops a session that is of no use to a service, unless there is a newer one already.
   *
   * @param lasting what is wrong, where the next session is expected to be no better: then there is a pause
   */
  refuse(session: Session, lasting?: string): void {
    if (this.#session === undefined || this.#session.token !== session.token) return;
    this.#session = undefined;
    if (lasting !== undefined) this.#backOff.failed(lasting);
  }

  /** Ends an authentication under way with an error. */
  async close(): Promise<void> {
    await this.#api.close();
  }

  async #authenticated(): Promise<Session> {
    if (this.#authentication === undefined) {
      this.#backOff.check();
      this.#authentication = this.#authenticate().finally(() => {
        this.#authentication = undefined;
      });
    }
    return this.#authentication;
  }

  async #authenticate(): Promise<TimedSession> {
    let answer: ApiAnswer | undefined;
    try {
      // Read at each authentication, so that a changed password is taken without a restart.
      const body = loginBody(this.#options.login);
      const headers = { 'content-type': 'application/json' };
      const askedAt = this.#now();
      answer = await this.#api.ask({ method: 'POST', path: this.#path, headers, body });
      this.#session = sessionOf(answer, askedAt, (message) => this.#failed(message));
    } catch (thrown) {
      const error = thrown instanceof SourceError ? thrown : this.#failed(messageOf(thrown));
      this.#backOff.failed(error.message, answer && retryAfterMsOf(answer.headers));
      throw error;
    }
    this.#backOff.succeeded();
    return this.#session;
  }

  #failed(message: string): SourceError {
    return new SourceError(`Keystone at ${this.#api.origin}, ${loginName(this.#options.login)}: ${message}`);
  }
}

/** Nothing of the body of a refusal is repeated: a server, or one in between, may have put the request into it. */
function sessionOf(answer: ApiAnswer, askedAt: number, failed: (message: string) => SourceError): TimedSession {
  if (answer.status !== 201) throw failed(refusalOf(answer.status));
  const token = answer.headers['x-subject-token'];
  if (typeof token !== 'string' || !TOKEN.test(token)) throw failed('the answer has no token in X-Subject-Token');
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer.body);
  } catch {
    throw failed('the answer is not JSON');
  }
  const checked = tokenSchema.safeParse(parsed);
  if (!checked.success) {
    const where = checked.error.issues.map((issue) => issue.path.join('.') || 'the whole').slice(0, 3);
    throw failed(`the answer is no token of Identity API v3: see ${where.join(', ')}`);
  }
  const { expires_at: expires, issued_at: issued, catalog } = checked.data.token;
  // Counted from Keystone's own time of issue, so that a clock that is set wrong here does not end tokens early or late.
  const life = Math.min(Date.parse(expires) - (issued === undefined ? Date.now() : Date.parse(issued)), LIFE_MS_MAX);
  if (life <= 0) throw failed('the token had ended when it was issued');
  const endsAt = askedAt + life;
  return { token, catalog, endsAt, renewAt: endsAt - Math.min(life / 4, RENEWAL_MARGIN_MS) };
}

function refusalOf(status: number): string {
  switch (status) {
    case 401:
      return 'the credentials are refused (401)';
    case 403:
      return 'the credentials may not have a token (403)';
    case 404:
      return 'there is no Identity API v3 at this URL (404)';
    case 429:
      return 'too many authentications, it says (429)';
    default:
      return status >= 500 ? `it is out of order (${status})` : `an answer of status ${status} is no token`;
  }
}
