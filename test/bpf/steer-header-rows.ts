/** Rows of ms_steer: packets to the metadata service whose headers are not as a guest's TCP makes them. */
import { ACK, bytes, extension, FIN, RST, SYN, udp } from '../../bench/packet-builder.ts';
import {
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
  request,
  TCP_BYTES,
} from './frames.ts';
import { passed, type Row, steered } from './row.ts';

type Case = readonly [title: string, verdict: Row['verdict'], mutations: Mutations];

function rowsOf(family: Family, cases: readonly Case[]): readonly Row[] {
  return cases.map(([title, verdict, mutations]) => {
    const row = { name: `${family}: ${title}`, frame: request(family, mutations), verdict };
    return verdict.startsWith('steer_') ? steered(row) : passed(row);
  });
}

const ipv4Headers: readonly Case[] = [
  ...[0, 5, 6, 15].map(
    (version): Case => [`version ${version} in the header`, 'pass_bad_ip_header', { ipv4: { version } }],
  ),
  ...[0, 1, 4].map(
    (words): Case => [`a header length of ${words} words`, 'pass_bad_ip_header', { ipv4: { headerWords: words } }],
  ),
  ['a header length beyond the total length', 'pass_bad_ip_header', { ipv4: { headerWords: 15 } }],
  ['a header length with options that are not there', 'pass_ip_options', { ipv4: { headerWords: 6 } }],
  ...[0, 1, 19].map(
    (totalLength): Case => [`a total length of ${totalLength} bytes`, 'pass_bad_ip_header', { ipv4: { totalLength } }],
  ),
  ...[20, 21, 39].map(
    (totalLength): Case => [`a total length of ${totalLength} bytes`, 'pass_bad_tcp_header', { ipv4: { totalLength } }],
  ),
  [
    'a total length that cuts TCP to another port',
    'pass_bad_tcp_header',
    { ipv4: { totalLength: 39 }, tcp: { to: 81 } },
  ],
  ['a total length one byte over the frame', 'pass_bad_ip_header', { ipv4: { totalLength: 41 } }],
  ['the greatest total length', 'pass_bad_ip_header', { ipv4: { totalLength: 65535 } }],
  ['a wrong header checksum is left to the stack', 'steer_syn', { ipv4: { checksum: 1 } }],
  ['four bytes of options', 'pass_ip_options', { ipv4: { options: Buffer.from([1, 1, 1, 0]) } }],
  ['a record-route option', 'pass_ip_options', { ipv4: { options: Buffer.from([7, 7, 4, 0, 0, 0, 0, 0]) } }],
  ['forty bytes of options', 'pass_ip_options', { ipv4: { options: Buffer.alloc(40, 1) } }],
  ['options in a fragment', 'pass_ip_options', { ipv4: { options: Buffer.alloc(4), fragment: 0x2000 } }],
  ["the don't-fragment flag set", 'steer_syn', { ipv4: { fragment: 0x4000 } }],
  ['no flag set', 'steer_syn', { ipv4: { fragment: 0 } }],
  ['the reserved flag set', 'steer_syn', { ipv4: { fragment: 0x8000 } }],
  ['the first fragment', 'pass_fragment', { ipv4: { fragment: 0x2000 } }],
  ["the first fragment with don't-fragment", 'pass_fragment', { ipv4: { fragment: 0x6000 } }],
  ['a middle fragment', 'pass_fragment', { ipv4: { fragment: 0x2000 | 185 } }],
  ['the last fragment', 'pass_fragment', { ipv4: { fragment: 185 } }],
  ['a fragment at the least offset', 'pass_fragment', { ipv4: { fragment: 1 } }],
  ['a fragment at the greatest offset', 'pass_fragment', { ipv4: { fragment: 0x1fff } }],
  ['a fragment of UDP', 'pass_fragment', { ipv4: { fragment: 0x2000 }, transport: [udp({ from: 1, to: 80 })] }],
  ['IPv6 in IPv4', 'pass_other_transport', { ipv4: { protocol: 41 } }],
];

const EXTENSIONS: readonly (readonly [number, string])[] = [
  [0, 'hop-by-hop options'],
  [43, 'a routing header'],
  [50, 'an encrypted payload'],
  [51, 'an authentication header'],
  [60, 'destination options'],
  [135, 'a mobility header'],
  [139, 'a host identity header'],
  [140, 'a shim6 header'],
  [253, 'an experimental header'],
  [254, 'the other experimental header'],
];

const ipv6Headers: readonly Case[] = [
  ...[0, 4, 5, 7].map(
    (version): Case => [`version ${version} in the header`, 'pass_bad_ip_header', { ipv6: { version } }],
  ),
  ...[0, 1, 19].map(
    (length): Case => [`a payload length of ${length}`, 'pass_bad_tcp_header', { ipv6: { payloadLength: length } }],
  ),
  [
    'a payload length that cuts TCP to another port',
    'pass_bad_tcp_header',
    { ipv6: { payloadLength: 19 }, tcp: { to: 81 } },
  ],
  ['a payload length one byte over the frame', 'pass_bad_ip_header', { ipv6: { payloadLength: 21 } }],
  ['the greatest payload length', 'pass_bad_ip_header', { ipv6: { payloadLength: 65535 } }],
  ...EXTENSIONS.map(
    ([number, title]): Case => [`${title} before TCP`, 'pass_extension_header', { extensions: [extension(number)] }],
  ),
  [
    'hop-by-hop options before a fragment header',
    'pass_extension_header',
    { extensions: [extension(0), extension(44, Buffer.alloc(6))] },
  ],
  ['a fragment of its own', 'pass_fragment', { extensions: [extension(44, Buffer.alloc(6))] }],
  ['the first fragment', 'pass_fragment', { extensions: [extension(44, Buffer.from([0, 1, 0, 0, 0, 9]))] }],
  ['a later fragment', 'pass_fragment', { extensions: [extension(44, Buffer.from([5, 0xc8, 0, 0, 0, 9]))] }],
  ['no next header', 'pass_other_transport', { transport: [bytes(59, Buffer.alloc(20))] }],
  ['IPv4 in IPv6', 'pass_other_transport', { ipv6: { nextHeader: 4 } }],
];

const tcpHeaders: readonly Case[] = [
  ...[0, 1, 4].map(
    (words): Case => [`a data offset of ${words} words`, 'pass_bad_tcp_header', { tcp: { headerWords: words } }],
  ),
  ...[6, 15].map(
    (words): Case => [
      `a data offset of ${words} words in a segment of five`,
      'pass_bad_tcp_header',
      { tcp: { headerWords: words } },
    ],
  ),
  [
    'a data offset beyond the segment but not the frame',
    'pass_bad_tcp_header',
    { tcp: { headerWords: 6 }, padding: 6 },
  ],
  ['a data offset that ends with the segment', 'steer_syn', { tcp: { options: Buffer.alloc(40, 1) } }],
  ['a bad data offset to another port', 'pass_other_port', { tcp: { headerWords: 4, to: 81 } }],
  ...[SYN | FIN, SYN | RST, SYN | FIN | ACK, SYN | RST | ACK, SYN | FIN | RST, 0x3f, 0xff].map(
    (flags): Case => [`flags 0x${flags.toString(16)}`, 'pass_bad_tcp_flags', { tcp: { flags } }],
  ),
  ['bad flags to another port', 'pass_other_port', { tcp: { flags: SYN | FIN, to: 81 } }],
];

/** Sources no instance can have, and next to them such as it can. */
const SOURCES: Readonly<Record<Family, { readonly bad: readonly string[]; readonly good: readonly string[] }>> = {
  ipv4: {
    bad: [
      '0.0.0.0',
      '0.255.255.255',
      '127.0.0.1',
      '127.255.255.255',
      '224.0.0.1',
      '239.255.255.255',
      '240.0.0.1',
      '255.255.255.255',
      METADATA.ipv4,
    ],
    good: ['1.0.0.0', '126.255.255.255', '128.0.0.0', '223.255.255.255', '169.254.169.253', '169.254.1.2'],
  },
  ipv6: {
    bad: ['::', '::1', '::ffff:a00:5', '::a00:5', '::ffff:0:a00:5', 'ff02::1', 'ff0e::1', 'ffff::', METADATA.ipv6],
    good: ['2001:db8::5', 'fd00::5', 'fe80::1', 'feff::1', '64:ff9b::a00:5', 'fe80::a9fe:a9ff', 'fe80::1:0:a9fe:a9fe'],
  },
};

function sources(family: Family): readonly Case[] {
  const { bad } = SOURCES[family];
  return [
    ...bad.map((from): Case => [`the source ${from}`, 'pass_bad_source', { ip: { from } }]),
    [
      'a bad source in UDP',
      'pass_other_transport',
      { ip: { from: METADATA[family] }, transport: [udp({ from: 1, to: 2 })] },
    ],
    ['a bad source to another address', 'pass_other_address', { ip: { from: METADATA[family], to: INSTANCE[family] } }],
  ];
}

/** Where the router has a route to everybody, and knows nobody yet. */
function goodSources(family: Family): readonly Row[] {
  return SOURCES[family].good.map((from) =>
    steered({
      name: `${family}: the source ${from}`,
      frame: request(family, { ip: { from } }),
      verdict: 'steer_syn',
      setup: { arrives: 'anywhere' },
      after: { flow: from.startsWith('fe8') ? [] : ['unresolved'] },
    }),
  );
}

/** The SYN cut at every length. With the lengths as sent the IP header lies; with its own it is TCP that is cut. */
function truncations(family: Family): readonly Row[] {
  const ipEnd = ETHERNET_BYTES + IP_BYTES[family];
  const whole = ipEnd + TCP_BYTES;
  return [
    ...lengths(ETHERNET_BYTES, ipEnd - 1).map((length) =>
      passed({
        name: `${family}: a frame that ends after ${length} bytes, before its IP header does`,
        frame: request(family).subarray(0, length),
        verdict: 'pass_short_frame',
      }),
    ),
    ...lengths(ipEnd, whole - 1).flatMap((length) => [
      passed({
        name: `${family}: a frame that ends after ${length} bytes, before its IP packet does`,
        frame: request(family).subarray(0, length),
        verdict: 'pass_bad_ip_header',
      }),
      passed({
        name: `${family}: an IP packet that ends after ${length} bytes of the frame, before its TCP header does`,
        frame: request(family, lengthOf(family, length)).subarray(0, length),
        verdict: 'pass_bad_tcp_header',
      }),
    ]),
    steered({
      name: `${family}: a frame that ends with its TCP header`,
      frame: request(family).subarray(0, HEADER_BYTES[family]),
      verdict: 'steer_syn',
    }),
  ];
}

export const STEER_HEADER_ROWS: readonly Row[] = [
  ...rowsOf('ipv4', ipv4Headers),
  ...rowsOf('ipv6', ipv6Headers),
  ...FAMILIES.flatMap((family) => [
    ...rowsOf(family, tcpHeaders),
    ...rowsOf(family, sources(family)),
    ...goodSources(family),
    ...truncations(family),
  ]),
];
