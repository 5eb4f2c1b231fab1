import { createHmac, timingSafeEqual } from 'node:crypto';
import { Refusal } from './answer.ts';

/** Headers with all of their values, as `IncomingMessage.headersDistinct` has them. */
export type Headers = Readonly<NodeJS.Dict<readonly string[]>>;

/** Whom a request claims to be for; its signature was right. */
export interface Claim {
  readonly instanceId: string;
  readonly projectId: string;
  /** What the agent says the client's address is. */
  readonly forwardedFor?: string | undefined;
}

/** What an agent proves an instance with: HMAC-SHA256 over its id, in hex (contract.md 2.5). */
export function signInstanceId(secret: Uint8Array, instanceId: string): string {
  return createHmac('sha256', secret).update(instanceId).digest('hex');
}

/**
 * Reads whom a request is for, and checks that who knows the secret says so (contract.md 4). Nothing is looked up
 * before that, so nothing can be guessed.
 *
 * @throws {Refusal} 400 for a missing header, 403 for a wrong signature, with nova's words
 */
export function authenticate(headers: Headers, secret: Uint8Array): Claim {
  const forwardedFor = joined(headers, 'X-Forwarded-For');
  const provider = joined(headers, 'X-Metadata-Provider');
  if (provider !== undefined && provider !== '') throw refusalOfProvider(headers, secret, provider, forwardedFor);
  const instanceId = required(headers, 'X-Instance-ID');
  const signature = required(headers, 'X-Instance-ID-Signature');
  const projectId = required(headers, 'X-Tenant-ID');
  checkSignature(secret, instanceId, signature);
  return { instanceId, projectId, forwardedFor };
}

/** Load balancers of other makers ask so. None is registered here, so the best that they get is 400. */
function refusalOfProvider(headers: Headers, secret: Uint8Array, provider: string, forwardedFor?: string): Refusal {
  if (forwardedFor === undefined) return new Refusal(400, 'X-Forwarded-For is missing from request.');
  checkSignature(secret, provider, joined(headers, 'X-Metadata-Provider-Signature') ?? '');
  return new Refusal(400, `Could not find any subnets for provider ${provider}`);
}

function checkSignature(secret: Uint8Array, signed: string, signature: string): void {
  const expected = Buffer.from(signInstanceId(secret, signed));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new Refusal(403, 'Invalid proxy request signature.');
  }
}

function required(headers: Headers, name: string): string {
  const value = joined(headers, name);
  if (value === undefined) throw new Refusal(400, `${name} header is missing from request.`);
  return value;
}

/** Several values are one with commas, as WSGI has them (PEP 3333): so they match no signature. */
function joined(headers: Headers, name: string): string | undefined {
  return headers[name.toLowerCase()]?.join(',');
}
