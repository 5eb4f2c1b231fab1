/** Rows of ms_steer: connections, how they begin and end, and whose they are while a port takes over or drains (D11). */
import { ACK, FIN, PSH, RST, SYN } from '../../bench/packet-builder.ts';
import { CLIENT_PORT, FAMILIES, type Family, INSTANCE, OTHER_INSTANCE, portKey, request } from './frames.ts';
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
  return [
    steered({ name: 'a SYN opens a connection', frame: syn, verdict: 'steer_syn', after: { flow: [] } }),
    steered({
      name: 'a SYN that is sent again opens nothing more',
      frame: syn,
      verdict: 'steer_syn_again',
      setup: openOne(family),
    }),
    steered({
      name: 'a SYN on the ports of a connection that is ending begins it anew',
      frame: syn,
      verdict: 'steer_syn_again',
      setup: openOne(family, { flags: ['answered', 'service_ended'] }),
      after: { flow: [] },
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
    steered({
      name: 'a connection goes on with the address when it moves',
      frame: syn,
      verdict: 'steer_syn_moved',
      setup: { known: [itself(family, { mac: OTHER_INSTANCE.mac })], flows: [flow(family)] },
    }),
    steered({
      name: 'a SYN is served without being counted when the table of the node is full',
      frame: syn,
      verdict: 'steer_syn_untracked',
      setup: { tableOfOne: true, flows: [flow(family, { at: 'other port' })] },
    }),
    steered({ name: 'data opens nothing', frame: data, verdict: 'steer_data' }),
    steered({ name: 'data writes nothing to its flow', frame: data, verdict: 'steer_data', setup: openOne(family) }),
  ];
}

function endings(family: Family): readonly Row[] {
  const { fin, rst } = frames(family);
  const end = (name: string, frame: Buffer, setup: Setup, flowAfter: NonNullable<Row['after']>['flow']): Row =>
    steered({
      name,
      frame,
      verdict: 'steer_data',
      setup,
      ...(flowAfter === undefined ? {} : { after: { flow: flowAfter } }),
    });
  return [
    end('a FIN of the client is noted', fin, openOne(family), ['client_ended']),
    end('a FIN of the client keeps what else is known', fin, openOne(family, { flags: ['answered'] }), [
      'answered',
      'client_ended',
    ]),
    end('a second FIN of the client ends nothing', fin, openOne(family, { flags: ['client_ended'] }), ['client_ended']),
    end('a FIN of the client after the service’s closes', fin, openOne(family, { flags: ['service_ended'] }), 'none'),
    end('a RST of the client closes', rst, openOne(family), 'none'),
    end(
      'a RST of the client closes what the service has ended',
      rst,
      openOne(family, { flags: ['service_ended'] }),
      'none',
    ),
    end('a FIN of no connection ends nothing', fin, {}, undefined),
    end('a RST of no connection ends nothing', rst, {}, undefined),
    end(
      'a RST counts no neighbour below zero',
      rst,
      { known: [itself(family, { open: 0 })], flows: [flow(family)] },
      'none',
    ),
    end(
      'a RST closes its own connection alone',
      rst,
      { known: [itself(family)], flows: [flow(family, { clientPort: portKey(CLIENT_PORT + 1) })] },
      undefined,
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
      setup: { ...state, ...openOne(family, { flags: ['service_ended'] }) },
      after: { flow: 'none' },
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

export const STEER_FLOW_ROWS: readonly Row[] = FAMILIES.flatMap((family) =>
  [...beginnings(family), ...endings(family), ...mixed(family), ...newConnections(family)].map((row) => ({
    ...row,
    name: `${family}: ${row.name}`,
  })),
);
