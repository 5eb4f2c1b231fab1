/** Rows of ms_steer: which packets are for the metadata service, and which are somebody else's. */
import {
  ACK,
  arpRequest,
  bytes,
  ethernet,
  FIN,
  frame,
  icmp,
  icmpv6,
  ipv6Bytes,
  macBytes,
  PSH,
  RST,
  SYN,
  URG,
  udp,
  vlan,
} from '../../bench/packet-builder.ts';
import {
  CLIENT_PORT,
  DEVICE,
  FAMILIES,
  type Family,
  INSTANCE,
  METADATA,
  OTHER_INSTANCE,
  portKey,
  ROUTER,
  request,
} from './frames.ts';
import { dropped, passed, type Row, type Setup, steered } from './row.ts';

/** Maximum segment size, SACK, timestamps, window scale: what Linux sends on a SYN. */
const SYN_OPTIONS = Buffer.from('020405b40402080a00000001000000000103030a', 'hex');
const TIMESTAMPS = Buffer.from('0101080a0000000100000002', 'hex');
const GET = 'GET /openstack/latest/meta_data.json HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n';

/** The instance has a connection. */
function connected(family: Family): Setup {
  return {
    known: [{ address: INSTANCE[family], mac: INSTANCE.mac, open: 1 }],
    flows: [{ address: INSTANCE[family], clientPort: portKey(CLIENT_PORT) }],
  };
}

function segments(family: Family): readonly Row[] {
  const data = (name: string, flags: number, payload = ''): Row =>
    steered({
      name,
      frame: request(family, { tcp: { flags }, payload }),
      verdict: 'steer_data',
      setup: connected(family),
    });
  const syn = (name: string, mutations: Parameters<typeof request>[1]): Row =>
    steered({ name, frame: request(family, mutations), verdict: 'steer_syn' });
  return [
    syn('a SYN is steered', {}),
    syn('a SYN with the options of Linux is steered', { tcp: { options: SYN_OPTIONS } }),
    syn('a SYN that asks for ECN is steered', { tcp: { flags: SYN | 0xc0 } }),
    syn('a SYN that carries data is steered', { payload: GET }),
    syn('a SYN in a frame with padding is steered', { padding: 6 }),
    syn('a SYN with a wrong checksum is left to the stack behind the device', { tcp: { checksum: 1 } }),
    data('an ACK is steered', ACK),
    data('a request is steered', PSH | ACK, GET),
    data('a segment of a full MTU is steered', ACK, 'x'.repeat(1440)),
    data('a segment over the MTU, as offloads make it, is steered', ACK, 'x'.repeat(3000)),
    data('a FIN is steered', FIN | ACK),
    data('a RST is steered', RST),
    data('a RST with ACK is steered', RST | ACK),
    data('a SYN with ACK opens nothing', SYN | ACK),
    data('a segment without flags opens nothing', 0),
    data('a segment with FIN, PSH and URG opens nothing', FIN | PSH | URG),
    steered({
      name: 'a request with timestamps is steered',
      frame: request(family, { tcp: { flags: PSH | ACK, options: TIMESTAMPS }, payload: GET }),
      verdict: 'steer_data',
      setup: connected(family),
    }),
    ...[81, 443, 8080, 0x5000, 0, 65535].map((to) =>
      passed({
        name: `a SYN to port ${to} is passed`,
        frame: request(family, { tcp: { to } }),
        verdict: 'pass_other_port',
      }),
    ),
    passed({
      name: 'a segment from port 80 to another port is passed',
      frame: request(family, { tcp: { from: 80, to: 40000, flags: ACK } }),
      verdict: 'pass_other_port',
    }),
  ];
}

const OTHER_ADDRESSES: Readonly<Record<Family, readonly string[]>> = {
  ipv4: ['8.8.8.8', ROUTER.ipv4, '169.254.169.253', '169.254.168.254', '169.255.169.254', '168.254.169.254'],
  ipv6: [
    'fd00:ec2::254',
    ROUTER.ipv6,
    'fe80::a9fe:a9ff',
    'fe80::a9ff:a9fe',
    'fe80::1:0:a9fe:a9fe',
    'fe80:0:0:1::a9fe:a9fe',
    'fe81::a9fe:a9fe',
    'fe80:1::a9fe:a9fe',
  ],
};

function addresses(family: Family): readonly Row[] {
  return [
    ...OTHER_ADDRESSES[family].map((to) =>
      passed({
        name: `a SYN to ${to} is passed`,
        frame: request(family, { ip: { to } }),
        verdict: 'pass_other_address',
      }),
    ),
    passed({
      name: 'UDP to port 80 of the metadata address is passed',
      frame: request(family, { transport: [udp({ from: 40000, to: 80 })] }),
      verdict: 'pass_other_transport',
    }),
    passed({
      name: 'SCTP to the metadata address is passed',
      frame: request(family, { transport: [bytes(132, Buffer.alloc(12))] }),
      verdict: 'pass_other_transport',
    }),
    passed({
      name: 'a ping of the metadata address is passed',
      frame: request(family, { transport: [family === 'ipv4' ? icmp(8) : icmpv6(128)] }),
      verdict: 'pass_other_transport',
    }),
  ];
}

/** RFC 4861 section 4.3, without the source link-layer address option. */
const solicitation = icmpv6(135, Buffer.concat([Buffer.alloc(4), ipv6Bytes(METADATA.ipv6)]));

const neighbourDiscovery: readonly Row[] = [
  passed({
    name: 'a neighbour solicitation sent to the metadata address is passed',
    frame: request('ipv6', { transport: [solicitation] }),
    verdict: 'pass_other_transport',
  }),
  passed({
    name: 'a neighbour solicitation sent to its multicast group is passed',
    frame: request('ipv6', {
      ethernet: { to: '33:33:ff:fe:a9:fe' },
      ip: { to: 'ff02::1:fffe:a9fe' },
      transport: [solicitation],
    }),
    verdict: 'pass_other_address',
  }),
];

/** The MAC with the lowest bit of one byte turned over. */
function oneByteOff(mac: string, index: number): string {
  return [...macBytes(mac)].map((byte, at) => (at === index ? byte ^ 1 : byte).toString(16).padStart(2, '0')).join(':');
}

function macs(family: Family): readonly Row[] {
  const others = [
    OTHER_INSTANCE.mac,
    'ff:ff:ff:ff:ff:ff',
    '01:00:5e:7e:a9:fe',
    '33:33:00:00:00:01',
    '00:00:00:00:00:00',
  ];
  const near = [ROUTER.mac, DEVICE.mac].flatMap((mac) => [0, 1, 2, 3, 4, 5].map((index) => oneByteOff(mac, index)));
  return [
    ...[...others, ...near].map((to) =>
      passed({
        name: `a SYN in a frame to ${to} is passed`,
        frame: request(family, { ethernet: { to } }),
        verdict: 'pass_other_mac',
      }),
    ),
    ...[METADATA[family], INSTANCE[family]].map((to) =>
      dropped({
        name: `a frame to the MAC of the port device is dropped, here one for ${to}`,
        frame: request(family, { ethernet: { to: DEVICE.mac }, ip: { to } }),
        verdict: 'drop_device_mac',
      }),
    ),
    ...['01:00:5e:00:00:01', '33:33:00:00:00:01', 'ff:ff:ff:ff:ff:ff'].map((from) =>
      passed({
        name: `a SYN in a frame from the group address ${from} is passed`,
        frame: request(family, { ethernet: { from } }),
        verdict: 'pass_bad_source',
      }),
    ),
  ];
}

function tags(family: Family): readonly Row[] {
  const rows = [
    ['an 802.1Q tag', [vlan({ id: 7 })]],
    ['a priority tag', [vlan({ id: 0 })]],
    ['an 802.1ad tag', [vlan({ id: 7, ethertype: 0x88a8 })]],
    ['two tags', [vlan({ id: 7, ethertype: 0x88a8 }), vlan({ id: 8 })]],
    ['two 802.1Q tags', [vlan({ id: 7 }), vlan({ id: 8 })]],
  ] as const;
  return rows.map(([title, layers]) =>
    passed({ name: `a SYN behind ${title} is passed`, frame: request(family, { tags: layers }), verdict: 'pass_vlan' }),
  );
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const arp = arpRequest({ mac: INSTANCE.mac, from: INSTANCE.ipv4, to: METADATA.ipv4 });

const otherProtocols: readonly Row[] = [
  ...(
    [
      ['an ARP request for the metadata address', frame(ethernet({ from: INSTANCE.mac, to: BROADCAST }), arp)],
      ['an ARP request sent to the router', frame(ethernet({ from: INSTANCE.mac, to: ROUTER.mac }), arp)],
      ['an LLDP frame', otherType(0x88cc, '01:80:c2:00:00:0e')],
      ['an MPLS frame', otherType(0x8847)],
      ['an 802.3 frame with a length for a type', otherType(46)],
      ['a frame of one byte', frame(ethernet({ from: INSTANCE.mac, to: ROUTER.mac, type: 0x0842 }), bytes(0, 'x'))],
    ] as const
  ).map(([name, packet]) => passed({ name: `${name} is passed`, frame: packet, verdict: 'pass_other_protocol' })),
  dropped({
    name: 'an ARP request to the MAC of the port device is dropped',
    frame: frame(ethernet({ from: INSTANCE.mac, to: DEVICE.mac }), arp),
    verdict: 'drop_device_mac',
  }),
];

function otherType(type: number, to = ROUTER.mac): Buffer {
  return frame(ethernet({ from: INSTANCE.mac, to, type }), bytes(0, Buffer.alloc(46)));
}

export const STEER_MATCH_ROWS: readonly Row[] = [
  ...FAMILIES.flatMap((family) =>
    [...segments(family), ...addresses(family), ...macs(family), ...tags(family)].map((row) => ({
      ...row,
      name: `${family}: ${row.name}`,
    })),
  ),
  ...neighbourDiscovery,
  ...otherProtocols,
];
