import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import type { AgentStatusDocument } from '../agent/status-document.ts';
import type { LimitsDocument } from '../config/limits.ts';
import type { StatusDocument } from '../control/status-document.ts';
import type { TraceLine } from '../control/trace-document.ts';
import { type ErrorCode, MetasteerError, messageOf } from '../errors.ts';

const ANSWER_WITHIN_MS = 10_000;
/** 16384 ports with every counter are some 30 MiB. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

const CODE_OF_ERRNO: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'daemon-not-running',
  ECONNREFUSED: 'daemon-not-running',
  EACCES: 'admin-socket-denied',
  EPERM: 'admin-socket-denied',
};

/** A status: the text that was sent, and what it says. */
export interface StatusAnswer<Document = StatusDocument> {
  readonly text: string;
  readonly document: Document;
}

/**
 * Asks the daemon for its status over its admin socket.
 *
 * @throws {MetasteerError} `daemon-not-running`, `admin-socket-denied`, or `daemon-no-answer` when what comes is no status
 */
export function fetchStatus(socket: string): Promise<StatusAnswer> {
  return fetchDocument(socket, isStatus);
}

/**
 * Asks the metadata agent for its status over its admin socket.
 *
 * @throws {MetasteerError} as `fetchStatus`, with `agent-not-running` where nobody listens
 */
export async function fetchAgentStatus(socket: string): Promise<StatusAnswer<AgentStatusDocument>> {
  try {
    return await fetchDocument(socket, isAgentStatus);
  } catch (error) {
    if (!(error instanceof MetasteerError) || error.code !== 'daemon-not-running') throw error;
    throw new MetasteerError('agent-not-running', error.message.replace('no daemon', 'no agent'), { cause: error });
  }
}

async function fetchDocument<Document>(
  socket: string,
  isDocument: (value: unknown) => value is Document,
): Promise<StatusAnswer<Document>> {
  const text = await ask(socket, 'GET', '/v1/status');
  const document = parsed(text);
  if (!isDocument(document)) throw new MetasteerError('daemon-no-answer', `${socket} answered, but not with a status`);
  return { text, document };
}

/**
 * Has the daemon run another number of workers; resolves when it does.
 *
 * @throws {MetasteerError} as `fetchStatus`
 */
export async function setWorkers(socket: string, count: number): Promise<void> {
  await ask(socket, 'PUT', `/v1/workers/${count}`);
}

/**
 * Changes limits of connections; resolves to all that hold then.
 *
 * @param changes in the words of the configuration's section `guard`
 * @throws {MetasteerError} as `fetchStatus`, and `config-invalid-value` with what the daemon says of the changes
 */
export async function setLimits(socket: string, changes: Readonly<Record<string, unknown>>): Promise<LimitsDocument> {
  return JSON.parse(await ask(socket, 'PUT', '/v1/limits', JSON.stringify(changes))) as LimitsDocument;
}

/**
 * Has the daemon trace; gives each line as it comes, until the trace is over or `signal` is aborted.
 *
 * @throws {MetasteerError} as `setLimits`, and `trace-busy`
 */
export async function* openTrace(
  socketPath: string,
  request: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): AsyncGenerator<TraceLine> {
  const response = await begun(socketPath, request, signal);
  try {
    for await (const line of createInterface({ input: response })) yield JSON.parse(line) as TraceLine;
  } catch (error) {
    if (!signal.aborted) throw new MetasteerError('daemon-no-answer', `the trace broke off: ${messageOf(error)}`);
  } finally {
    response.destroy();
  }
}

/** Has the daemon end a trace before its time. @throws {MetasteerError} as `fetchStatus` */
export async function endTrace(socket: string): Promise<void> {
  await ask(socket, 'PUT', '/v1/trace/end');
}

async function begun(
  socketPath: string,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const headers = { host: 'localhost' };
  const asked = request({ socketPath, method: 'POST', path: '/v1/trace', agent: false, headers, signal });
  asked.end(JSON.stringify(body));
  let response: IncomingMessage;
  try {
    [response] = (await once(asked, 'response')) as [IncomingMessage];
  } catch (error) {
    throw unanswered(socketPath, error);
  }
  if (response.statusCode === 200) return response;
  const problem = errorOf(await textOf(response));
  if (response.statusCode === 409) throw new MetasteerError('trace-busy', problem);
  throw new MetasteerError(response.statusCode === 400 ? 'config-invalid-value' : 'daemon-no-answer', problem);
}

/** The daemon does not want what it was asked. */
class Unwanted extends Error {}

async function ask(socket: string, method: 'GET' | 'PUT', path: string, body?: string): Promise<string> {
  try {
    return await exchange(socket, method, path, body);
  } catch (error) {
    if (error instanceof Unwanted) throw new MetasteerError('config-invalid-value', error.message);
    throw unanswered(socket, error);
  }
}

function unanswered(socket: string, error: unknown): MetasteerError {
  const errno = error instanceof Error && 'code' in error ? String(error.code) : '';
  const code = CODE_OF_ERRNO[errno] ?? 'daemon-no-answer';
  const what = code === 'daemon-not-running' ? 'no daemon is listening on' : 'no answer from';
  return new MetasteerError(code, `${what} ${socket}: ${messageOf(error)}`, { cause: error });
}

function exchange(socketPath: string, method: string, path: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
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
        else if (response.statusCode === 400) reject(new Unwanted(errorOf(text)));
        else reject(new Error(`HTTP status ${response.statusCode}`));
      });
    });
    asked.on('error', (error) => reject(signal.aborted ? new Error(`no answer in ${ANSWER_WITHIN_MS} ms`) : error));
    asked.end(body);
  });
}

/** What the daemon says is wrong. */
function errorOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return String(error);
  } catch {
    return text;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Looks at no more than tells a status from something else: both sides come from one package. */
function isStatus(value: unknown): value is StatusDocument {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'daemon' in value &&
    'agent' in value &&
    ['ports', 'workers'].every((name) => Array.isArray(Reflect.get(value, name)))
  );
}

function isAgentStatus(value: unknown): value is AgentStatusDocument {
  if (typeof value !== 'object' || value === null) return false;
  return ['agent', 'requests', 'resolver', 'nova'].every((name) => typeof Reflect.get(value, name) === 'object');
}
