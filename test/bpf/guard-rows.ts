/** Rows of ms_guard: drops what ms_steer would drop for a limit, passes everything else, and changes nothing. */
import { ACK, PSH, RST, SYN, udp, vlan } from '../../bench/packet-builder.ts';
import { DEVICE, FAMILIES, type Family, lengths, OTHER_INSTANCE, ROUTER, request } from './frames.ts';
import { limitCases } from './limit-rows.ts';
import { type Row, type Setup, XDP_ACTION } from './row.ts';

/** Over every limit there is. */
const FLOODED: Setup = {
  portRate: { perSecond: 1, burst: 1 },
  portBusySeconds: 3600,
  portOpenMax: 1,
  open: 5,
  counted: 5,
  perPortMax: 1,
};

function letPast(name: string, frame: Buffer, setup: Setup = FLOODED): Row {
  return { name, frame, verdict: 'guard_passed', action: XDP_ACTION.pass, setup };
}

function judged(family: Family): readonly Row[] {
  return limitCases(family).map(({ name, over, setup }) => ({
    name: over === undefined ? `a SYN is passed with ${name}` : `a SYN is dropped with ${name}`,
    frame: request(family),
    verdict: over === undefined ? ('guard_passed' as const) : (`guard_${over}` as const),
    action: over === undefined ? XDP_ACTION.pass : XDP_ACTION.drop,
    setup,
  }));
}

function ofOthers(family: Family): readonly Row[] {
  return [
    letPast('data is passed under flood', request(family, { tcp: { flags: PSH | ACK } })),
    letPast('a RST is passed under flood', request(family, { tcp: { flags: RST } })),
    letPast('a SYN with ACK is passed under flood', request(family, { tcp: { flags: SYN | ACK } })),
    letPast('a SYN to another port is passed under flood', request(family, { tcp: { to: 443 } })),
    letPast('a SYN to another address is passed under flood', request(family, { ip: { to: ROUTER[family] } })),
    letPast('a SYN to another MAC is passed under flood', request(family, { ethernet: { to: OTHER_INSTANCE.mac } })),
    letPast(
      'a frame to the port device is passed: ms_match drops it',
      request(family, { ethernet: { to: DEVICE.mac } }),
    ),
    letPast('a SYN behind a tag is passed under flood', request(family, { tags: [vlan({ id: 7 })] })),
    letPast('UDP is passed under flood', request(family, { transport: [udp({ from: 40000, to: 80 })] })),
    letPast('a SYN is passed when the heartbeat is stale', request(family), { ...FLOODED, heartbeat: 'stale' }),
    letPast('a SYN is passed while the port drains', request(family), { ...FLOODED, draining: 'pass' }),
    letPast('a SYN is passed while the port holds: ms_steer drops it', request(family), {
      ...FLOODED,
      draining: 'hold',
    }),
    ...lengths(family === 'ipv4' ? 34 : 54, request(family).length - 1).map((length) =>
      letPast(`a SYN cut to ${length} bytes is passed under flood`, request(family).subarray(0, length)),
    ),
  ];
}

export const GUARD_ROWS: readonly Row[] = FAMILIES.flatMap((family) =>
  [...judged(family), ...ofOthers(family)].map((row) => ({ ...row, name: `${family}: ${row.name}` })),
);
