import { isIP } from 'node:net';
import * as z from 'zod';
import { MS_PORTS_MAX } from '../kernel/layout.gen.ts';
import { FRONT_BREACHES } from '../link/front-breach.ts';
import { DURATION_BOUNDS } from '../metrics/histogram.ts';
import {
  AGENT_GENERATIONS,
  AGENT_STATES,
  type FromWorker,
  RESPONSE_CLASSES,
  STATUS_PORTS_MAX,
  TRACE_STAGES,
} from '../proxy/messages.ts';
import { REASONS } from '../proxy/refuse.ts';

/** Numbers that only ever count up or measure something: whole, not negative, and so small that a double holds them exactly. */
const count = z.number().int().nonnegative();
const portId = count.max(MS_PORTS_MAX - 1);
const number32 = count.max(0xffff_ffff);

/** What operators get to see, on terminals too: nothing that moves a cursor or turns text around. */
const text = (length: number) =>
  z
    .string()
    .max(length)
    .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u);
const reason = z.enum(REASONS);
const refused = z.partialRecord(reason, count);

const portStatus = z.strictObject({ portId, connections: count, requests: count, refused });

const agentStatus = z.strictObject({
  state: z.enum(AGENT_STATES),
  generation: z.enum(AGENT_GENERATIONS),
  exchangesOpen: count,
  queued: count,
  lastError: text(1024).optional(),
});

const histogram = z.strictObject({
  counts: z.array(count).length(DURATION_BOUNDS.length + 1),
  sum: z.number().nonnegative().max(Number.MAX_SAFE_INTEGER),
});

const counts = z.strictObject({
  accepted: count,
  bytes: count,
  responses: z.partialRecord(z.enum(RESPONSE_CLASSES), count),
  refused,
  total: histogram,
  queue: histogram,
  agent: histogram,
});

const traceEvent = z.strictObject({
  atUs: count,
  portId,
  client: z
    .string()
    .max(64)
    .refine((client) => isIP(client) !== 0),
  clientPort: count.max(65_535),
  stage: z.enum(TRACE_STAGES),
  /** A token, and a target without its query (characters.ts). */
  method: z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{0,32}$/)
    .optional(),
  path: z
    .string()
    .max(256)
    .regex(/^[!-~]*$/)
    .optional(),
  status: count.max(999).optional(),
  reason: reason.optional(),
  queued: count.optional(),
  bytes: count.optional(),
});

const message = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('started') }),
  z.strictObject({ type: z.literal('port-listening'), portId }),
  z.strictObject({ type: z.literal('port-drained'), portId, cut: count }),
  z.strictObject({ type: z.literal('port-failed'), portId, message: text(1024) }),
  z.strictObject({
    type: z.literal('status-ports'),
    request: count,
    ports: z.array(portStatus).min(1).max(STATUS_PORTS_MAX),
  }),
  z.strictObject({
    type: z.literal('status'),
    request: count,
    status: z.strictObject({ connections: count, requests: count, agent: agentStatus, counts }),
  }),
  z.strictObject({ type: z.literal('pong'), ping: number32, connections: count }),
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
