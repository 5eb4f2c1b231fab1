/** Rows of ms_restore: replies go to the instance, and nothing else leaves the worker's namespace. */
import {
  ACK,
  arpRequest,
  bytes,
  ethernet,
  extension,
  FIN,
  frame,
  icmp,
  icmpv6,
  PSH,
  RST,
  SYN,
  udp,
  vlan,
} from '../../bench/packet-builder.ts';
import {
  DEVICE,
  ETHERNET_BYTES,
  FAMILIES,
  type Family,
  HEADER_BYTES,
  INSTANCE,
  IP_BYTES,
  lengthOf,
  lengths,
  METADATA,
  type Mutations,
  OTHER_INSTANCE,
  ROUTER,
  reply,
} from './frames.ts';
import { RESTORE_FLOW_ROWS } from './restore-flow-rows.ts';
import { ACTION, dropped, type Known, type Row, type Setup } from './row.ts';

type Case = readonly [title: string, verdict: Row['verdict'], mutations: Mutations];

const instances: readonly Known[] = FAMILIES.map((family) => ({ address: INSTANCE[family], mac: INSTANCE.mac }));

function restored(family: Family, name: string, mutations: Mutations, setup: Setup = { known: instances }): Row {
  const leavesWith = { to: INSTANCE.mac, from: ROUTER.mac };
  return { name, frame: reply(family, mutations), verdict: 'restore_reply', action: ACTION.accept, leavesWith, setup };
}

function replies(family: Family): readonly Row[] {
  const other = family === 'ipv4' ? 'ipv6' : 'ipv4';
  return [
    restored(family, 'a SYN with ACK goes to the instance, from the router', {}),
    restored(family, 'an ACK goes to the instance', { tcp: { flags: ACK } }),
    restored(family, 'an answer goes to the instance', {
      tcp: { flags: PSH | ACK },
      payload: 'HTTP/1.1 200 OK\r\n\r\n',
    }),
    restored(family, 'a segment over the MTU goes to the instance', { tcp: { flags: ACK }, payload: 'x'.repeat(3000) }),
    restored(family, 'a FIN goes to the instance', { tcp: { flags: FIN | ACK } }),
    restored(family, 'a RST goes to the instance', { tcp: { flags: RST } }),
    restored(family, 'a RST with ACK goes to the instance', { tcp: { flags: RST | ACK } }),
    restored(family, 'timestamps do not matter', { tcp: { options: Buffer.from('0101080a0000000100000002', 'hex') } }),
    restored(family, 'a checksum left to the device does not matter', { tcp: { checksum: 0x1234 } }),
    restored(family, 'the MACs of the frame do not matter', {
      ethernet: { from: '02:00:00:00:00:01', to: OTHER_INSTANCE.mac },
    }),
    restored(
      family,
      'a stale heartbeat does not hold replies back',
      {},
      {
        heartbeat: 'stale',
        known: instances,
      },
    ),
    dropped({
      name: 'a reply to an address that is not known is dropped',
      frame: reply(family),
      verdict: 'restore_no_neighbour',
    }),
    dropped({
      name: 'a reply on a device of no port is dropped',
      frame: reply(family),
      verdict: 'restore_no_port',
      setup: { known: instances, device: 'of no port' },
    }),
    dropped({
      name: 'a neighbour of another port is not used',
      frame: reply(family),
      verdict: 'restore_no_neighbour',
      setup: { known: instances.map((known) => ({ ...known, at: 'other port' })) },
    }),
    dropped({
      name: 'another address of the instance is not used',
      frame: reply(family),
      verdict: 'restore_no_neighbour',
      setup: {
        known: [
          { address: INSTANCE[other], mac: INSTANCE.mac },
          { address: OTHER_INSTANCE[family], mac: INSTANCE.mac },
        ],
      },
    }),
  ];
}

function refused(family: Family, cases: readonly Case[]): readonly Row[] {
  return cases.map(([title, verdict, mutations]) =>
    dropped({ name: `${title} is dropped`, frame: reply(family, mutations), verdict, setup: { known: instances } }),
  );
}

function refusedInBoth(family: Family): readonly Row[] {
  return refused(family, [
    ['a SYN from port 80', 'restore_not_reply', { tcp: { flags: SYN } }],
    ['a SYN of a connection of our own', 'restore_not_reply', { tcp: { from: 40000, to: 80, flags: SYN } }],
    ['a segment from port 8080', 'restore_not_reply', { tcp: { from: 8080 } }],
    ['a segment from port 80 with its bytes swapped', 'restore_not_reply', { tcp: { from: 0x5000 } }],
    ['a segment from port 0', 'restore_not_reply', { tcp: { from: 0 } }],
    ['a segment from another source address', 'restore_not_reply', { ip: { from: ROUTER[family] } }],
    ['UDP from port 80', 'restore_not_tcp', { transport: [udp({ from: 80, to: 40000 })] }],
    ['SCTP', 'restore_not_tcp', { transport: [bytes(132, Buffer.alloc(12))] }],
    ['a reply behind an 802.1Q tag', 'restore_not_ip', { tags: [vlan({ id: 7 })] }],
    ['a reply behind an 802.1ad tag', 'restore_not_ip', { tags: [vlan({ id: 7, ethertype: 0x88a8 })] }],
  ]);
}

const refusedInIpv4 = refused('ipv4', [
  ['a segment from the address before ours', 'restore_not_reply', { ip: { from: '169.254.169.253' } }],
  ['an echo reply', 'restore_not_tcp', { transport: [icmp(0)] }],
  ['a destination-unreachable message', 'restore_not_tcp', { transport: [icmp(3, Buffer.alloc(32))] }],
  ['an IGMP report', 'restore_not_tcp', { ip: { to: '224.0.0.22' }, transport: [bytes(2, Buffer.alloc(8))] }],
  ['a reply with IP options', 'restore_not_reply', { ipv4: { options: Buffer.alloc(4, 1) } }],
  ['a reply with an impossible header length', 'restore_not_reply', { ipv4: { headerWords: 4 } }],
  ['the first fragment of a reply', 'restore_not_reply', { ipv4: { fragment: 0x2000 } }],
  ['a later fragment of a reply', 'restore_not_reply', { ipv4: { fragment: 185 } }],
]);

const refusedInIpv6 = refused('ipv6', [
  ['a segment from an address next to ours', 'restore_not_reply', { ip: { from: 'fe80::a9fe:a9ff' } }],
  ['a router solicitation', 'restore_not_tcp', { ip: { to: 'ff02::2' }, transport: [icmpv6(133)] }],
  [
    'a neighbour solicitation',
    'restore_not_tcp',
    { ip: { to: 'ff02::1:ff00:a' }, transport: [icmpv6(135, Buffer.alloc(20))] },
  ],
  ['a neighbour advertisement', 'restore_not_tcp', { transport: [icmpv6(136, Buffer.alloc(20))] }],
  [
    'a multicast listener report',
    'restore_not_tcp',
    { ip: { to: 'ff02::16' }, extensions: [extension(0)], transport: [icmpv6(143)] },
  ],
  ['a reply behind an extension header', 'restore_not_tcp', { extensions: [extension(60)] }],
  ['a fragment of a reply', 'restore_not_tcp', { extensions: [extension(44, Buffer.from([0, 1, 0, 0, 0, 9]))] }],
]);

const fromDevice = { from: DEVICE.mac, to: 'ff:ff:ff:ff:ff:ff' };
const otherProtocols: readonly Row[] = [
  ['ARP', frame(ethernet(fromDevice), arpRequest({ mac: DEVICE.mac, from: METADATA.ipv4, to: INSTANCE.ipv4 }))],
  ['LLDP', frame(ethernet({ ...fromDevice, type: 0x88cc }), bytes(0, Buffer.alloc(46)))],
].map(([title, packet]) =>
  dropped({ name: `${title} is dropped`, frame: Buffer.from(packet ?? ''), verdict: 'restore_not_ip' }),
);

function truncations(family: Family): readonly Row[] {
  const ipEnd = ETHERNET_BYTES + IP_BYTES[family];
  const cut = (title: string, frame: Buffer): Row =>
    dropped({ name: title, frame, verdict: 'restore_short_frame', setup: { known: instances } });
  return [
    ...lengths(ETHERNET_BYTES, HEADER_BYTES[family] - 1).map((length) =>
      cut(`a reply cut to ${length} bytes is dropped`, reply(family).subarray(0, length)),
    ),
    ...lengths(ipEnd, HEADER_BYTES[family] - 1).map((length) =>
      cut(
        `a reply of ${length} bytes, with the length to match, is dropped`,
        reply(family, lengthOf(family, length)).subarray(0, length),
      ),
    ),
  ];
}

export const RESTORE_ROWS: readonly Row[] = [
  ...RESTORE_FLOW_ROWS,
  ...FAMILIES.flatMap((family) =>
    [
      ...replies(family),
      ...refusedInBoth(family),
      ...(family === 'ipv4' ? refusedInIpv4 : refusedInIpv6),
      ...truncations(family),
    ].map((row) => ({ ...row, name: `${family}: ${row.name}` })),
  ),
  ...otherProtocols,
];
