/** Rows of ms_restore: what replies say about their connection. */
import { ACK, FIN, PSH, RST, SYN, type TcpFields } from '../../bench/packet-builder.ts';
import { CLIENT_PORT, FAMILIES, type Family, INSTANCE, OTHER_INSTANCE, portKey, ROUTER, reply } from './frames.ts';
import { ACTION, type After, type FlowFlag, type KnownFlow, type Row, type Setup } from './row.ts';

function restored(name: string, frame: Buffer, setup: Setup, after: After): Row {
  const leavesWith = { to: INSTANCE.mac, from: ROUTER.mac };
  return { name, frame, verdict: 'restore_reply', action: ACTION.accept, leavesWith, setup, after };
}

function rows(family: Family): readonly Row[] {
  const segment = (flags: number, payload = '', tcp: Partial<TcpFields> = {}) =>
    reply(family, { tcp: { flags, seq: 2000, ackSeq: 1000, ...tcp }, payload });
  const known = (flow: Partial<KnownFlow> = {}): Setup => ({
    known: [{ address: INSTANCE[family], mac: INSTANCE.mac, open: 1 }],
    flows: [{ address: INSTANCE[family], clientPort: portKey(CLIENT_PORT), ...flow }],
  });
  const open = (flags: KnownFlow['flags'] = [], flow: Partial<KnownFlow> = {}) =>
    known({ ...flow, flags: ['accepted', 'established', ...flags] });
  const answer = segment(PSH | ACK, 'HTTP/1.1 200 OK\r\n\r\n');
  const lastAnswer = segment(FIN | PSH | ACK, 'HTTP/1.1 200 OK\r\n\r\n');
  const synAck = segment(SYN | ACK, '', { seq: 1999, ackSeq: 1001 });
  const is = (...flags: readonly FlowFlag[]) => ({ flow: ['accepted', 'established', ...flags] }) as const;
  return [
    restored('a SYN with ACK accepts the connection', synAck, known(), {
      ...{ flow: ['accepted'], clientNext: 1001, serviceAck: 1001, confirmed: false },
    }),
    restored('a SYN with ACK that is sent again begins nothing anew', synAck, open(['answered']), is('answered')),
    restored(
      'a SYN with ACK of another number begins the connection anew',
      segment(SYN | ACK, '', { seq: 5000, ackSeq: 7001 }),
      open(['answered', 'service_ended', 'client_fin']),
      { flow: ['accepted'], clientNext: 7001, serviceAck: 7001 },
    ),
    restored(
      'what was handed over, or waits for the router, stays so',
      synAck,
      known({ flags: ['handed_over', 'unresolved'] }),
      { flow: ['accepted', 'handed_over', 'unresolved'] },
    ),
    restored('an ACK says what the service has', segment(ACK, '', { ackSeq: 1005 }), open([], { clientNext: 1005 }), {
      ...is(),
      serviceAck: 1005,
      confirmed: false,
    }),
    restored('an ACK takes nothing back', segment(ACK, '', { ackSeq: 900 }), open(), { ...is(), serviceAck: 1000 }),
    restored('data shows that the client is real', answer, open(), { ...is('answered'), confirmed: true }),
    restored('more data changes nothing', answer, open(['answered']), is('answered')),
    restored('data keeps what else is known', answer, open(['client_ended']), is('answered', 'client_ended')),
    restored('a FIN of the service is noted', segment(FIN | ACK), open(), is('service_ended')),
    restored('a FIN with data is both', lastAnswer, open(), { ...is('answered', 'service_ended'), confirmed: true }),
    restored(
      'the ACK of a FIN of the client notes that',
      segment(ACK),
      open(['client_fin']),
      is('client_fin', 'client_ended'),
    ),
    restored(
      'an ACK of less than that notes nothing',
      segment(ACK),
      open(['client_fin'], { clientNext: 1001 }),
      is('client_fin'),
    ),
    restored('a FIN of the service that acknowledges the client’s closes', segment(FIN | ACK), open(['client_fin']), {
      flow: 'none',
    }),
    restored(
      'the ACK of the client’s FIN after the service’s closes',
      segment(ACK),
      open(['client_fin', 'service_ended']),
      {
        flow: 'none',
      },
    ),
    restored('a RST of the service closes', segment(RST | ACK), open(), { flow: 'none' }),
    restored('a RST without ACK closes what is established', segment(RST), open(), { flow: 'none' }),
    restored('a RST with ACK closes what it has not accepted', segment(RST | ACK), known(), { flow: 'none' }),
    restored('a RST without ACK ends nothing that is not established', segment(RST), known({ flags: ['accepted'] }), {
      flow: ['accepted'],
    }),
    restored(
      'a FIN of another connection ends nothing',
      segment(FIN | ACK),
      known({ clientPort: portKey(CLIENT_PORT + 1) }),
      { flow: 'none' },
    ),
    restored(
      'data of a connection that is not counted confirms nobody',
      answer,
      { known: [{ address: INSTANCE[family], mac: INSTANCE.mac }] },
      { flow: 'none', confirmed: false },
    ),
    restored(
      'a reply goes to the MAC its connection began with, wherever the address is by now',
      answer,
      {
        known: [{ address: INSTANCE[family], mac: OTHER_INSTANCE.mac }],
        flows: [{ address: INSTANCE[family], clientPort: portKey(CLIENT_PORT), flags: ['accepted'] }],
      },
      { flow: ['accepted', 'answered'], confirmed: false },
    ),
    restored(
      'a reply of a connection goes out when its address is not known any more',
      answer,
      { flows: [{ address: INSTANCE[family], clientPort: portKey(CLIENT_PORT), flags: ['accepted'] }] },
      { flow: ['accepted', 'answered'] },
    ),
  ];
}

export const RESTORE_FLOW_ROWS: readonly Row[] = FAMILIES.flatMap((family) =>
  rows(family).map((row) => ({ ...row, name: `${family}: ${row.name}` })),
);
