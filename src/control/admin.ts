import type { GuardLimits } from '../config/config.ts';
import { limitsDocument, parseLimits } from '../config/limits.ts';
import { MetasteerError } from '../errors.ts';
import { type OwnerId, parseOwnerId } from '../identity/owner-id.ts';
import type { AdminRoute } from '../unix/admin-server.ts';
import type { OwnerDocument } from './owner-document.ts';
import type { StatusDocument } from './status-document.ts';
import type { TraceLine, TraceRequest } from './trace-document.ts';
import { parseTraceRequest } from './trace-request.ts';

/** What operators may ask of the daemon. */
export interface AdminActions {
  readonly status: () => Promise<StatusDocument>;
  readonly owner: (id: OwnerId) => OwnerDocument;
  readonly setWorkers: (count: number) => Promise<void>;
  /** Gives all limits that hold from then on. */
  readonly setLimits: (changes: Partial<GuardLimits>) => GuardLimits;
  readonly endTrace: () => void;
  readonly trace: (request: TraceRequest, signal: AbortSignal) => AsyncIterable<TraceLine>;
}

/** How operators ask for each. */
export function adminRoutes(actions: AdminActions): readonly AdminRoute[] {
  return [
    { method: 'GET', shown: 'GET /v1/status', path: /^\/v1\/status$/, act: () => actions.status() },
    {
      method: 'GET',
      shown: 'GET /v1/owners/UUID',
      path: /^\/v1\/owners\/([0-9a-fA-F-]{36})$/,
      act: (text) => {
        const id = parseOwnerId(text);
        if (id === undefined) throw new MetasteerError('config-invalid-value', `${text} is no UUID`);
        return actions.owner(id);
      },
    },
    {
      method: 'PUT',
      shown: 'PUT /v1/workers/N',
      path: /^\/v1\/workers\/([1-9]\d?)$/,
      act: async (count) => {
        await actions.setWorkers(Number(count));
        return { workers: Number(count) };
      },
    },
    {
      method: 'PUT',
      shown: 'PUT /v1/limits with the keys of `guard` that change',
      path: /^\/v1\/limits$/,
      act: async (_, body) => limitsDocument(actions.setLimits(parseLimits(await body()))),
    },
    {
      method: 'PUT',
      shown: 'PUT /v1/trace/end',
      path: /^\/v1\/trace\/end$/,
      act: () => {
        actions.endTrace();
        return {};
      },
    },
    {
      method: 'POST',
      shown: 'POST /v1/trace with client, owner, seconds',
      path: /^\/v1\/trace$/,
      act: async (_, body, signal) => actions.trace(parseTraceRequest(await body()), signal),
    },
  ];
}
