/** Rows of ms_steer: connections, how they begin and end, and whose they are while a port takes over or drains (D11). */
import { ACK, FIN, PSH, RST, SYN } from '../../bench/packet-builder.ts';
import {
  CLIENT_PORT,
  FAMILIES,
  type Family,
  INSTANCE,
  type Mutations,
  OTHER_INSTANCE,
  portKey,
  request,
} from './frames.ts';
import { dropped, type Known, type KnownFlow, passed, type Row, type Setup, steered } from './row.ts';

interface Frames {
  readonly syn: Buffer;
  readonly data: Buffer;
  readonly fin: Buffer;
  readonly rst: Buffer;
}

function frames(family: Family): Frames {
  const segment = (flags: number) => request(family, { tcp: { flags } });
  return { syn: segment(SYN), data: segment(PSH | ACK), fin: segment(FIN | ACK), rst: segment(RST) };
}

function itself(family: Family, more: Partial<Known> = {}): Known {
  return { address: INSTANCE[family], mac: INSTANCE.mac, open: 1, ...more };
}

function flow(family: Family, more: Partial<KnownFlow> = {}): KnownFlow {
  return { address: INSTANCE[family], clientPort: portKey(CLIENT_PORT), ...more };
}

function openOne(family: Family, more: Partial<KnownFlow> = {}): Setup {
  return { known: [itself(family)], flows: [flow(family, more)] };
}

function beginnings(family: Family): readonly Row[] {
  const { syn, data } = frames(family);
  const segment = (flags: number, { tcp, payload }: Mutations) =>
    request(family, { tcp: { flags, ...tcp }, ...(payload === undefined ? {} : { payload }) });
  return [
    steered({ name: 'a SYN opens a connection', frame: syn, verdict: 'steer_syn', after: { flow: [] } }),
    steered({
      name: 'a SYN that is sent again opens nothing more',
      frame: syn,
      verdict: 'steer_syn_again',
      setup: openOne(family),
    }),
    steered({
      name: 'a SYN on the ports of a connection changes nothing about it: the service says whether it begins anew',
      frame: request(family, { tcp: { flags: SYN, seq: 7000 } }),
      verdict: 'steer_syn_again',
      setup: openOne(family, { flags: ['answered', 'accepted', 'service_ended'] }),
      after: { clientNext: 1000 },
    }),
    steered({
      name: 'a connection keeps the MAC it began with',
      frame: syn,
      verdict: 'steer_syn',
      after: { flowMac: INSTANCE.mac, clientNext: 1001 },
    }),
    steered({
      name: 'a SYN from another port of the client is another connection',
      frame: syn,
      verdict: 'steer_syn',
      setup: openOne(family, { clientPort: portKey(CLIENT_PORT + 1) }),
    }),
    steered({
      name: 'a SYN from the same port with its bytes swapped is another connection',
      frame: syn,
      verdict: 'steer_syn',
      setup: openOne(family, { clientPort: CLIENT_PORT }),
    }),
    steered({
      name: 'the same connection at another port is another connection',
      frame: syn,
      verdict: 'steer_syn',
      setup: { flows: [flow(family, { at: 'other port' })] },
    }),
    passed({
      name: 'a SYN on the ports of a connection of another MAC is passed, though the address is its own by now',
      frame: syn,
      verdict: 'pass_other_neighbour',
      setup: { known: [itself(family)], flows: [flow(family, { mac: OTHER_INSTANCE.mac })] },
      after: { flowMac: OTHER_INSTANCE.mac },
    }),
    ...[0, 1, 2, 3, 4, 5].map((index) =>
      passed({
        name: `data on a connection whose MAC differs in byte ${index} alone is passed`,
        frame: data,
        verdict: 'pass_other_neighbour',
        setup: { known: [itself(family)], flows: [flow(family, { mac: withByte(INSTANCE.mac, index, '42') })] },
      }),
    ),
    passed({
      name: 'a RST from another MAC than the connection’s ends nothing',
      frame: request(family, { tcp: { flags: RST } }),
      verdict: 'pass_other_neighbour',
      setup: openOne(family, { flags: ['accepted'], mac: OTHER_INSTANCE.mac }),
    }),
    steered({
      name: 'data of a connection is steered when its address is not known any more, and makes nobody known',
      frame: data,
      verdict: 'steer_data',
      setup: { flows: [flow(family)] },
    }),
    steered({
      name: 'a SYN is served without being counted when the table of the node is full',
      frame: syn,
      verdict: 'steer_syn_untracked',
      setup: { tableOfOne: true, flows: [flow(family, { at: 'other port' })] },
    }),
    passed({ name: 'data opens nothing', frame: data, verdict: 'pass_no_flow' }),
    steered({
      name: 'data says nothing before the service has accepted the connection',
      frame: segment(PSH | ACK, { payload: 'GET' }),
      verdict: 'steer_data',
      setup: openOne(family),
      after: { clientNext: 1000 },
    }),
    steered({
      name: 'data says where its client goes on',
      frame: segment(PSH | ACK, { payload: 'GET' }),
      verdict: 'steer_data',
      setup: openOne(family, { flags: ['accepted', 'established'] }),
      after: { clientNext: 1003 },
    }),
    steered({
      name: 'data that is sent again takes nothing back',
      frame: segment(PSH | ACK, { payload: 'GET' }),
      verdict: 'steer_data',
      setup: openOne(family, { flags: ['accepted', 'established'], clientNext: 1010 }),
      after: { clientNext: 1010 },
    }),
    steered({
      name: 'data further ahead than any window is not followed',
      frame: segment(PSH | ACK, { tcp: { seq: 1000 + 2 ** 30 }, payload: 'GET' }),
      verdict: 'steer_data',
      setup: openOne(family, { flags: ['accepted', 'established'] }),
      after: { clientNext: 1000 },
    }),
    steered({
      name: 'sequence numbers go round',
      frame: segment(PSH | ACK, { tcp: { seq: 2 ** 32 - 2 }, payload: 'GET' }),
      verdict: 'steer_data',
      setup: openOne(family, {
        flags: ['accepted', 'established'],
        clientNext: 2 ** 32 - 2,
        serviceAck: 2 ** 32 - 2,
      }),
      after: { clientNext: 1 },
    }),
    steered({
      name: 'the ACK of the service’s SYN completes the handshake: the address is not forged',
      frame: segment(ACK, {}),
      verdict: 'steer_data',
      setup: openOne(family, { flags: ['accepted'] }),
      after: { flow: ['accepted', 'established'], confirmed: true },
    }),
    steered({
      name: 'an ACK of another number completes nothing',
      frame: segment(ACK, { tcp: { ackSeq: 2001 } }),
      verdict: 'steer_data',
      setup: openOne(family, { flags: ['accepted'] }),
      after: { flow: ['accepted'], confirmed: false },
    }),
  ];
}

function endings(family: Family): readonly Row[] {
  const { fin, rst } = frames(family);
  const segment = (flags: number, seq: number) => request(family, { tcp: { flags, seq } });
  const accepted = (more: Partial<KnownFlow> = {}) =>
    openOne(family, { ...more, flags: ['accepted', 'established', ...(more.flags ?? [])] });
  const end = (name: string, frame: Buffer, setup: Setup, flowAfter: NonNullable<Row['after']>['flow']): Row =>
    steered({
      name,
      frame,
      verdict: 'steer_data',
      setup,
      ...(flowAfter === undefined ? {} : { after: { flow: flowAfter } }),
    });
  return [
    end('a FIN of the client is noted, for the service to acknowledge', fin, accepted(), [
      'accepted',
      'established',
      'client_fin',
    ]),
    end('a FIN of the client after the service’s closes nothing yet', fin, accepted({ flags: ['service_ended'] }), [
      'accepted',
      'established',
      'service_ended',
      'client_fin',
    ]),
    end('a FIN that comes again changes nothing', fin, accepted({ clientNext: 1001 }), undefined),
    end('a FIN further ahead than any window is not noted', segment(FIN | ACK, 2 ** 30 + 1000), accepted(), undefined),
    end('a FIN before the service has accepted is not noted', fin, openOne(family), undefined),
    end('a RST where the service goes on closes', rst, accepted(), 'none'),
    end('a RST closes what the service has ended', rst, accepted({ flags: ['service_ended'] }), 'none'),
    end('a RST closes what is not established', rst, openOne(family, { flags: ['accepted'] }), 'none'),
    end('a RST before the service has accepted ends nothing', rst, openOne(family), undefined),
    end('a RST one before where the service goes on ends nothing', segment(RST, 999), accepted(), undefined),
    end('a RST one after it ends nothing', segment(RST, 1001), accepted(), undefined),
    end('a RST out of thin air ends nothing', segment(RST, 77_777), accepted(), undefined),
    end('a RST while data is on its way ends nothing', rst, accepted({ clientNext: 1003 }), undefined),
    end(
      'a RST at the end of data that is not acknowledged ends nothing',
      segment(RST, 1003),
      accepted({ clientNext: 1003 }),
      undefined,
    ),
    passed({ name: 'a FIN of no connection ends nothing', frame: fin, verdict: 'pass_no_flow' }),
    passed({ name: 'a RST of no connection ends nothing', frame: rst, verdict: 'pass_no_flow' }),
    end(
      'a RST counts no neighbour below zero',
      rst,
      { known: [itself(family, { open: 0 })], flows: [flow(family, { flags: ['accepted'] })] },
      'none',
    ),
    end(
      'a RST closes its own connection alone',
      rst,
      { known: [itself(family)], flows: [flow(family, { clientPort: portKey(CLIENT_PORT + 1), flags: ['accepted'] })] },
      undefined,
    ),
    end(
      'a RST counts down nobody who has the address by another MAC',
      rst,
      { known: [itself(family, { mac: OTHER_INSTANCE.mac, open: 3 })], flows: [flow(family, { flags: ['accepted'] })] },
      'none',
    ),
  ];
}

/** By flow: whoever got the SYN has the connection to its end. */
function mixed(family: Family): readonly Row[] {
  const { syn, data, fin, rst } = frames(family);
  const whose = [
    ['while the port takes over', { takingOver: 'port' }],
    ['while all ports take over', { takingOver: 'all ports' }],
    ['while the port drains', { draining: 'pass' }],
    ['while the port holds', { draining: 'hold' }],
  ] as const;
  return whose.flatMap(([when, state]) => [
    passed({
      name: `data of a connection that is not ours is passed ${when}`,
      frame: data,
      verdict: 'pass_other_flow',
      setup: state,
    }),
    passed({
      name: `a FIN of a connection that is not ours is passed ${when}`,
      frame: fin,
      verdict: 'pass_other_flow',
      setup: state,
    }),
    passed({
      name: `a RST of a connection that is not ours is passed ${when}`,
      frame: rst,
      verdict: 'pass_other_flow',
      setup: state,
    }),
    passed({
      name: `data is passed ${when} also when its sender is known`,
      frame: data,
      verdict: 'pass_other_flow',
      setup: { ...state, known: [itself(family, { open: 0 })] },
    }),
    steered({
      name: `the last packet of our connection is steered ${when}`,
      frame: data,
      verdict: 'steer_data',
      setup: { ...state, known: [itself(family, { open: 0 })], ended: [flow(family)] },
    }),
    passed({
      name: `the last packet of another connection is passed ${when}`,
      frame: data,
      verdict: 'pass_other_flow',
      setup: { ...state, ended: [flow(family, { clientPort: portKey(CLIENT_PORT + 1) })] },
    }),
    steered({
      name: `data of our connection is steered ${when}`,
      frame: data,
      verdict: 'steer_data',
      setup: { ...state, ...openOne(family) },
    }),
    steered({
      name: `the end of our connection is steered ${when}`,
      frame: fin,
      verdict: 'steer_data',
      setup: { ...state, ...openOne(family, { flags: ['accepted', 'established', 'service_ended'] }) },
      after: { flow: ['accepted', 'established', 'service_ended', 'client_fin'] },
    }),
    steered({
      name: `the SYN of our connection, sent again, is steered ${when}`,
      frame: syn,
      verdict: 'steer_syn_again',
      setup: { ...state, ...openOne(family) },
    }),
  ]);
}

function newConnections(family: Family): readonly Row[] {
  const { syn } = frames(family);
  return [
    steered({
      name: 'a SYN is steered while the port takes over',
      frame: syn,
      verdict: 'steer_syn',
      setup: { takingOver: 'port' },
    }),
    steered({
      name: 'a SYN is steered while all ports take over',
      frame: syn,
      verdict: 'steer_syn',
      setup: { takingOver: 'all ports' },
    }),
    passed({
      name: 'a SYN is passed while the port drains',
      frame: syn,
      verdict: 'pass_draining',
      setup: { draining: 'pass' },
    }),
    passed({
      name: 'draining is named before a limit',
      frame: syn,
      verdict: 'pass_draining',
      setup: { draining: 'pass', perPortMax: 0 },
    }),
    dropped({
      name: 'a SYN is dropped while the port holds',
      frame: syn,
      verdict: 'drop_held',
      setup: { draining: 'hold' },
    }),
    passed({
      name: 'a stale daemon is named before its draining',
      frame: syn,
      verdict: 'pass_daemon_stale',
      setup: { draining: 'hold', heartbeat: 'stale' },
    }),
    dropped({
      name: 'a SYN is held back when a daemon that holds has ended',
      frame: syn,
      verdict: 'drop_held',
      setup: { daemon: 'gone and holding' },
    }),
    dropped({
      name: 'data is held back when a daemon that holds has ended',
      frame: frames(family).data,
      verdict: 'drop_held',
      setup: { daemon: 'gone and holding' },
    }),
    passed({
      name: 'the packets of others are held back by nobody',
      frame: request(family, { tcp: { to: 443 } }),
      verdict: 'pass_other_port',
      setup: { daemon: 'gone and holding' },
    }),
  ];
}

function withByte(mac: string, index: number, byte: string): string {
  return mac
    .split(':')
    .map((own, at) => (at === index ? byte : own))
    .join(':');
}

export const STEER_FLOW_ROWS: readonly Row[] = FAMILIES.flatMap((family) =>
  [...beginnings(family), ...endings(family), ...mixed(family), ...newConnections(family)].map((row) => ({
    ...row,
    name: `${family}: ${row.name}`,
  })),
);
