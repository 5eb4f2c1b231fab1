import type { Socket } from 'node:net';
import * as z from 'zod';
import type { GuardLimits } from '../config/config.ts';
import { limitsDocument, parseLimits } from '../config/limits.ts';
import { MetasteerError } from '../errors.ts';
import { type OwnerId, parseOwnerId } from '../identity/owner-id.ts';
import { type Peer, peerOf } from '../kernel/process.ts';
import { fdOf } from '../proxy/handle.ts';
import type { AdminRoute } from '../unix/admin-server.ts';
import type { DrainReport } from './drain-orders.ts';
import type { HandOverDocument, HandOverRequest } from './hand-over-document.ts';
import type { OwnerDocument } from './owner-document.ts';
import type { ReloadReport } from './reload.ts';
import type { StatusDocument } from './status-document.ts';
import type { TraceLine, TraceRequest } from './trace-document.ts';
import { parseTraceRequest } from './trace-request.ts';
import type { UpgradePlan, UpgradeReport } from './upgrade.ts';

/** What operators may ask of the daemon. */
export interface AdminActions {
  readonly status: () => Promise<StatusDocument>;
  readonly owner: (id: OwnerId) => OwnerDocument;
  readonly setWorkers: (count: number) => Promise<void>;
  /** Gives all limits that hold from then on. */
  readonly setLimits: (changes: Partial<GuardLimits>) => GuardLimits;
  readonly endTrace: () => void;
  readonly trace: (request: TraceRequest, signal: AbortSignal) => AsyncIterable<TraceLine>;
  /** Reads the configuration file again. */
  readonly reload: () => Promise<ReloadReport>;
  /** @param target an owner, a port or an interface; absent: everything */
  readonly drain: (target: string | undefined) => Promise<DrainReport>;
  readonly undrain: (target: string | undefined) => { readonly target: string };
  /** @param plan what differs from how this daemon was started */
  readonly upgrade: (by: Peer, plan: Partial<UpgradePlan>) => Promise<UpgradeReport>;
  /** Gives everything to the daemon that asks, on this socket. */
  readonly beginHandOver: (socketFd: number, request: HandOverRequest) => Promise<HandOverDocument>;
  readonly commitHandOver: (socketFd: number) => Promise<void>;
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
      act: async (_, body, { signal }) => actions.trace(parseTraceRequest(await body()), signal),
    },
    { method: 'PUT', shown: 'PUT /v1/reload', path: /^\/v1\/reload$/, act: () => actions.reload() },
    {
      method: 'PUT',
      shown: 'PUT /v1/drain with a `target` or none',
      path: /^\/v1\/drain$/,
      act: async (_, body) => actions.drain(targetOf(await body())),
    },
    {
      method: 'PUT',
      shown: 'PUT /v1/undrain with a `target` or none',
      path: /^\/v1\/undrain$/,
      act: async (_, body) => actions.undrain(targetOf(await body())),
    },
    {
      method: 'PUT',
      shown: 'PUT /v1/upgrade with `config` and `binary` or neither, for root',
      path: /^\/v1\/upgrade$/,
      act: async (_, body, { socket }) => actions.upgrade(peerOf(connected(socket)), planOf(await body())),
    },
    {
      method: 'PUT',
      shown: 'PUT /v1/hand-over, for another daemon',
      path: /^\/v1\/hand-over$/,
      act: async (_, body, { socket }) => {
        const request = requestOf(await body());
        return actions.beginHandOver(connected(socket), request);
      },
    },
    {
      method: 'PUT',
      shown: 'PUT /v1/hand-over/commit, for another daemon',
      path: /^\/v1\/hand-over\/commit$/,
      act: async (_, _body, { socket }) => {
        await actions.commitHandOver(connected(socket));
        return {};
      },
    },
  ];
}

/** @throws {MetasteerError} `upgrade-refused` when who asked has gone meanwhile */
function connected(socket: Socket): number {
  const fd = fdOf(socket);
  if (fd === -1) throw new MetasteerError('upgrade-refused', 'who asked for it has gone');
  return fd;
}

function planOf(body: unknown): Partial<UpgradePlan> {
  const text = z.string().max(4096).optional();
  const { config, binary } = parsedAs(z.object({ config: text, binary: text }), body);
  return { ...(config === undefined ? {} : { config }), ...(binary === undefined ? {} : { binary }) };
}

function requestOf(body: unknown): HandOverRequest {
  return parsedAs(z.object({ socket: z.string(), version: z.string(), abi: z.number() }), body);
}

function parsedAs<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new MetasteerError('config-invalid-value', z.prettifyError(parsed.error));
}

function targetOf(body: unknown): string | undefined {
  const target = typeof body === 'object' && body !== null ? Reflect.get(body, 'target') : null;
  if (target === undefined || typeof target === 'string') return target;
  throw new MetasteerError('config-invalid-value', 'expected `target` as text, or none');
}
