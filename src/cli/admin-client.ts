import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import type { AgentStatusDocument } from '../agent/status-document.ts';
import type { LimitsDocument } from '../config/limits.ts';
import type { DrainReport } from '../control/drain-orders.ts';
import type { ReloadReport } from '../control/reload.ts';
import type { StatusDocument } from '../control/status-document.ts';
import type { TraceLine } from '../control/trace-document.ts';
import type { UpgradeReport } from '../control/upgrade.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { askDaemon, parsed, refusalOf, unanswered } from '../unix/admin-request.ts';

const ANSWER_WITHIN_MS = 10_000;
/** For what starts workers or waits for requests to end. */
const CHANGE_WITHIN_MS = 180_000;

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
  const said = await textOf(response);
  throw refusalOf(said) ?? new MetasteerError('daemon-no-answer', `HTTP status ${response.statusCode}`);
}

/**
 * Has the daemon read its configuration again.
 *
 * @throws {MetasteerError} as `fetchStatus`, and what the daemon says is wrong with the configuration
 */
export async function reload(socket: string): Promise<ReloadReport> {
  return JSON.parse(await ask(socket, 'PUT', '/v1/reload', '{}', CHANGE_WITHIN_MS)) as ReloadReport;
}

/** Has the daemon steer a target no more. @throws {MetasteerError} as `fetchStatus`, and `drain-target-unknown` */
export async function drain(socket: string, target: string | undefined): Promise<DrainReport> {
  return JSON.parse(await ask(socket, 'PUT', '/v1/drain', JSON.stringify({ target }), CHANGE_WITHIN_MS)) as DrainReport;
}

/**
 * Has another version take over from the daemon; resolves when that one serves.
 *
 * @throws {MetasteerError} as `fetchStatus`, and why the other version does not serve
 */
export async function upgrade(
  socket: string,
  plan: { readonly config?: string; readonly binary?: string },
): Promise<UpgradeReport> {
  return JSON.parse(await ask(socket, 'PUT', '/v1/upgrade', JSON.stringify(plan), CHANGE_WITHIN_MS)) as UpgradeReport;
}

/** Takes a drain back. @throws {MetasteerError} as `drain` */
export async function undrain(socket: string, target: string | undefined): Promise<{ readonly target: string }> {
  return JSON.parse(await ask(socket, 'PUT', '/v1/undrain', JSON.stringify({ target }))) as { readonly target: string };
}

function ask(
  socket: string,
  method: 'GET' | 'PUT',
  path: string,
  body?: string,
  withinMs: number = ANSWER_WITHIN_MS,
): Promise<string> {
  return askDaemon(socket, { method, path, withinMs, ...(body === undefined ? {} : { body }) });
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
