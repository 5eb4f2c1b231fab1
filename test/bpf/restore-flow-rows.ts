/** Rows of ms_restore: what replies say about their connection. */
import { ACK, FIN, PSH, RST, SYN } from '../../bench/packet-builder.ts';
import { CLIENT_PORT, FAMILIES, type Family, INSTANCE, portKey, ROUTER, reply } from './frames.ts';
import { ACTION, type After, type KnownFlow, type Row, type Setup } from './row.ts';

function restored(name: string, frame: Buffer, setup: Setup, after: After): Row {
  const leavesWith = { to: INSTANCE.mac, from: ROUTER.mac };
  return { name, frame, verdict: 'restore_reply', action: ACTION.accept, leavesWith, setup, after };
}

function rows(family: Family): readonly Row[] {
  const segment = (flags: number, payload = '') => reply(family, { tcp: { flags }, payload });
  const known = (flags: KnownFlow['flags'] = [], clientPort = portKey(CLIENT_PORT)): Setup => ({
    known: [{ address: INSTANCE[family], mac: INSTANCE.mac, open: 1 }],
    flows: [{ address: INSTANCE[family], clientPort, flags }],
  });
  const answer = segment(PSH | ACK, 'HTTP/1.1 200 OK\r\n\r\n');
  const lastAnswer = segment(FIN | PSH | ACK, 'HTTP/1.1 200 OK\r\n\r\n');
  return [
    restored('a SYN with ACK says nothing', segment(SYN | ACK), known(), { flow: [], confirmed: false }),
    restored('an ACK says nothing', segment(ACK), known(), { flow: [], confirmed: false }),
    restored('data shows that the client is real', answer, known(), { flow: ['answered'], confirmed: true }),
    restored('more data changes nothing', answer, known(['answered']), { flow: ['answered'], confirmed: true }),
    restored('data keeps what else is known', answer, known(['client_ended']), { flow: ['answered', 'client_ended'] }),
    restored('a FIN of the service is noted', segment(FIN | ACK), known(), { flow: ['service_ended'] }),
    restored('a FIN with data is both', lastAnswer, known(), { flow: ['answered', 'service_ended'], confirmed: true }),
    restored('a FIN of the service after the client’s closes', segment(FIN | ACK), known(['client_ended']), {
      flow: 'none',
    }),
    restored('a RST of the service closes', segment(RST | ACK), known(), { flow: 'none' }),
    restored('a FIN of another connection ends nothing', segment(FIN | ACK), known([], portKey(CLIENT_PORT + 1)), {
      flow: 'none',
    }),
    restored(
      'data of a connection that is not counted confirms nobody',
      answer,
      { known: [{ address: INSTANCE[family], mac: INSTANCE.mac }] },
      { flow: 'none', confirmed: false },
    ),
  ];
}

export const RESTORE_FLOW_ROWS: readonly Row[] = FAMILIES.flatMap((family) =>
  rows(family).map((row) => ({ ...row, name: `${family}: ${row.name}` })),
);
