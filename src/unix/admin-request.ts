import { request } from 'node:http';
import { ERRORS, type ErrorCode, MetasteerError, messageOf } from '../errors.ts';

/** 16384 ports with every counter are some 30 MiB. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

const CODE_OF_ERRNO: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'daemon-not-running',
  ECONNREFUSED: 'daemon-not-running',
  EACCES: 'admin-socket-denied',
  EPERM: 'admin-socket-denied',
};

export interface AdminRequest {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  /** JSON. */
  readonly body?: string;
  readonly withinMs: number;
}

/**
 * Asks a daemon over its admin socket; resolves to the text of its answer.
 *
 * @throws {MetasteerError} `daemon-not-running`, `admin-socket-denied`, `daemon-no-answer`, or what the daemon says
 */
export async function askDaemon(socket: string, asked: AdminRequest): Promise<string> {
  try {
    return await exchange(socket, asked);
  } catch (error) {
    throw error instanceof MetasteerError ? error : unanswered(socket, error);
  }
}

/** What it means that a daemon does not answer. */
export function unanswered(socket: string, error: unknown): MetasteerError {
  const errno = error instanceof Error && 'code' in error ? String(error.code) : '';
  const code = CODE_OF_ERRNO[errno] ?? 'daemon-no-answer';
  const what = code === 'daemon-not-running' ? 'no daemon is listening on' : 'no answer from';
  return new MetasteerError(code, `${what} ${socket}: ${messageOf(error)}`, { cause: error });
}

function exchange(socketPath: string, { method, path, body, withinMs }: AdminRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(withinMs);
    const target = { socketPath, method, path, signal, agent: false, headers: { host: 'localhost' } };
    const asked = request(target, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > ANSWER_BYTES_MAX)
          response.destroy(new Error(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(text);
        else reject(refusalOf(text) ?? new Error(`HTTP status ${response.statusCode}: ${text.trim()}`));
      });
    });
    asked.on('error', (error) => reject(signal.aborted ? new Error(`no answer in ${withinMs} ms`) : error));
    asked.end(body);
  });
}

/** What the daemon says is wrong with what it was asked; undefined when it says nothing of the kind. */
export function refusalOf(text: string): MetasteerError | undefined {
  const document = parsed(text);
  if (typeof document !== 'object' || document === null) return undefined;
  const { error, code } = document as { readonly error?: unknown; readonly code?: unknown };
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code)) return undefined;
  return new MetasteerError(code as ErrorCode, String(error));
}

/** What JSON says; undefined when it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
