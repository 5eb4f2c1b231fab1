import { MetasteerError } from '../errors.ts';
import { parseOwnerId } from '../identity/owner-id.ts';
import { addressBytes, addressText } from '../kernel/packet-events.ts';
import type { TraceRequest } from './trace-document.ts';

/** Longer than any timeout of a request. */
const SECONDS_MAX = 300;

/**
 * Reads what is to be traced.
 *
 * @throws {MetasteerError} `config-invalid-value`
 */
export function parseTraceRequest(given: unknown): TraceRequest {
  const {
    client,
    owner,
    seconds = 10,
    ...others
  } = (typeof given === 'object' && given !== null ? given : {}) as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(`there is no ${unknown}`);
  if (client === undefined && owner === undefined) throw invalid('a client, an owner, or both are to be given');
  if (typeof seconds !== 'number' || !(seconds > 0) || seconds > SECONDS_MAX)
    throw invalid(`seconds: expected a number up to ${SECONDS_MAX}`);
  const bytes = typeof client === 'string' ? addressBytes(client) : undefined;
  if (client !== undefined && bytes === undefined) throw invalid('client: expected an IP address');
  const ownerId = typeof owner === 'string' ? parseOwnerId(owner) : undefined;
  if (owner !== undefined && ownerId === undefined) throw invalid('owner: expected a UUID');
  return {
    ...(bytes === undefined ? {} : { client: addressText(bytes) }),
    ...(ownerId === undefined ? {} : { owner: ownerId }),
    seconds,
  };
}

function invalid(message: string): MetasteerError {
  return new MetasteerError('config-invalid-value', message);
}
