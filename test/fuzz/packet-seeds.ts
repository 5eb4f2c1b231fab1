import { STEER_ROWS } from '../bpf/steer-rows.ts';

/** Each frame of the tables whole, and with its headers alone in the linear part; packet.c says what an input is. */
export function* packetSeeds(): Generator<readonly [string, Uint8Array]> {
  for (const [index, { frame }] of STEER_ROWS.entries())
    for (const linear of new Set([frame.length, Math.min(frame.length, 54)]))
      yield [`${index}-${linear}`, Buffer.concat([Buffer.from([linear >> 8, linear & 255]), frame])];
}
