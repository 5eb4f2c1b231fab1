import * as z from 'zod';
import { FRONT_BREACHES } from '../link/front-breach.ts';
import { DURATION_BOUNDS } from '../metrics/histogram.ts';
import type { FromWorker } from '../proxy/messages.ts';

/** Numbers that only ever count up or measure something: whole and not negative. */
const count = z.number().int().nonnegative();
const portId = count.max(0xffff_ffff);

const portStatus = z.strictObject({
  portId,
  connections: count,
  requests: count,
  refused: z.record(z.string().max(64), count),
});

const agentStatus = z.strictObject({
  state: z.enum(['unknown', 'answering', 'absent']),
  generation: z.enum(['unknown', 'keep-alive', 'one-shot']),
  exchangesOpen: count,
  queued: count,
  lastError: z.string().max(1024).optional(),
});

/** By names that are few; there are no more reasons than in refuse.ts. */
const countsByName = z.record(z.string().max(64), count);

const histogram = z.strictObject({
  counts: z.array(count).length(DURATION_BOUNDS.length + 1),
  sum: z.number().nonnegative(),
});

const counts = z.strictObject({
  accepted: count,
  bytes: count,
  responses: countsByName,
  refused: countsByName,
  total: histogram,
  queue: histogram,
  agent: histogram,
});

const traceEvent = z.strictObject({
  atUs: count,
  portId,
  client: z.string().max(64),
  clientPort: count.max(65_535),
  stage: z.enum(['accepted', 'head', 'queued', 'sent', 'reply', 'refused', 'closed']),
  method: z.string().max(64).optional(),
  path: z.string().max(256).optional(),
  status: count.max(999).optional(),
  reason: z.string().max(64).optional(),
  queued: count.optional(),
  bytes: count.optional(),
});

const message = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('started') }),
  z.strictObject({ type: z.literal('port-listening'), portId }),
  z.strictObject({ type: z.literal('port-drained'), portId, cut: count }),
  z.strictObject({ type: z.literal('port-failed'), portId, message: z.string().max(4096) }),
  z.strictObject({
    type: z.literal('status'),
    request: count,
    status: z.strictObject({
      ports: z.array(portStatus),
      connections: count,
      requests: count,
      agent: agentStatus,
      counts,
    }),
  }),
  z.strictObject({ type: z.literal('pong'), connections: count }),
  z.strictObject({ type: z.literal('traced'), event: traceEvent }),
  z.strictObject({ type: z.literal('front-breach'), breach: z.enum(FRONT_BREACHES) }),
  z.strictObject({ type: z.literal('stopped') }),
]);

/**
 * Reads a message of a worker. A worker parses what tenants send, so nothing it says is believed unseen.
 * Undefined when it is not a message a worker may send.
 */
export function parseFromWorker(received: unknown): FromWorker | undefined {
  const parsed = message.safeParse(received);
  if (!parsed.success) return undefined;
  return parsed.data as FromWorker;
}
