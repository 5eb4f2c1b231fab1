import { type Memory, mapped } from './ffi.ts';
import type { OpsMemory } from './front-ops.ts';
import type { RingMemory } from './front-ring.ts';
import {
  FRONT_CLIENT_BYTES,
  FRONT_OP_BYTES,
  FRONT_RECORD_BYTES,
  FRONT_RING_BYTES,
  FRONT_SIZE,
  readFrontMemory,
} from './layout.gen.ts';

const { MS_FRONT_BATCHES, MS_FRONT_BYTES, MS_FRONT_OPS, MS_FRONT_OP_BYTES, MS_FRONT_RECORDS } = FRONT_SIZE;

/**
 * The mappings that a front shares with JavaScript. They stay where they are until the process ends.
 *
 * @param memory `struct ms_front_memory`, as ms_front_open fills it
 * @param slots as many as the front was opened with
 */
export function frontMemory(memory: Memory<'ms_front_memory'>, slots: number): RingMemory & OpsMemory {
  const { ring, bytes, clients, ops, opBytes } = readFrontMemory(memory);
  return {
    ring: mapped(ring, FRONT_RING_BYTES + MS_FRONT_RECORDS * FRONT_RECORD_BYTES),
    bytes: mapped(bytes, MS_FRONT_BYTES),
    clients: mapped(clients, slots * FRONT_CLIENT_BYTES),
    ops: mapped(ops, MS_FRONT_BATCHES * MS_FRONT_OPS * FRONT_OP_BYTES),
    opBytes: mapped(opBytes, MS_FRONT_BATCHES * MS_FRONT_OP_BYTES),
  };
}
