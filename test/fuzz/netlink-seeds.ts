/** Answers and events as the kernel writes them (rtnetlink(7)), and such as it would not. */

const ASKED = { look: 0, find: 1, filters: 2, events: 3, prefixes: 4, neighbour: 5 } as const;
const FLAGS = { whole: 0, foreign: 1, 'no-sender': 2, cut: 4, 'cut-control': 8, nsid: 16, 'half-an-nsid': 48 } as const;

const NLMSG = { error: 2, done: 3 } as const;
const RTM = {
  newLink: 16,
  delLink: 17,
  newAddress: 20,
  delAddress: 21,
  newNeighbour: 28,
  newFilter: 44,
  newNsid: 88,
  delNsid: 89,
} as const;
const IFLA = { address: 1, name: 3, mtu: 4, linkInfo: 18, infoKind: 1 } as const;
const IFA = { address: 1, flags: 8 } as const;
const NDA = { linkAddress: 2 } as const;
const NUD_REACHABLE = 2;
const TCA = { options: 2, bpfName: 7 } as const;
const NETNSA_NSID = 1;
const AF_INET = 2;

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function attribute(type: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + value.length, 0);
  head.writeUInt16LE(type, 2);
  return padded(Buffer.concat([head, value]));
}

function message(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const payload = Buffer.concat(parts);
  const head = Buffer.alloc(16);
  head.writeUInt32LE(16 + payload.length, 0);
  head.writeUInt16LE(type, 4);
  return padded(Buffer.concat([head, payload]));
}

function datagram(flags: number, ...messages: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(messages);
  return Buffer.concat([Buffer.from([flags, bytes.length & 255, bytes.length >> 8]), bytes]);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeInt32LE(value, 4 * index);
  return bytes;
}

const text = (value: string) => Buffer.from(value, 'latin1');

const linkHead = (index: number) => words(1 << 16, index, 1, 0);
const link = (index: number, ...more: readonly Buffer[]) =>
  message(
    RTM.newLink,
    linkHead(index),
    attribute(IFLA.name, text('qr-1f0f3c2d-4e\0')),
    attribute(IFLA.mtu, words(1500)),
    attribute(IFLA.address, Buffer.from('fa163e000001', 'hex')),
    attribute(IFLA.linkInfo, attribute(IFLA.infoKind, text('veth\0'))),
    ...more,
  );
const addressHead = (index: number) => Buffer.concat([Buffer.from([AF_INET, 24, 0, 0]), words(index)]);
const address = (index: number) =>
  message(
    RTM.newAddress,
    addressHead(index),
    attribute(IFA.address, Buffer.from([10, 0, 0, 1])),
    attribute(IFA.flags, words(0x80)),
  );
const neighbour = (mac: Buffer) =>
  message(RTM.newNeighbour, words(AF_INET, 7, NUD_REACHABLE), attribute(NDA.linkAddress, mac));
const filter = (name: Buffer) =>
  message(RTM.newFilter, words(0, 7, 1, 0, 0xc000_0008 | 0), attribute(TCA.options, attribute(TCA.bpfName, name)));
const nsid = (type: number, value: number) => message(type, words(0), attribute(NETNSA_NSID, words(value)));
const acknowledged = (error = 0) => message(NLMSG.error, words(error), Buffer.alloc(16));
const done = (error = 0) => message(NLMSG.done, words(error));

/** What goes before the lists when a namespace is looked at. */
const watched = [datagram(0, acknowledged(-17)), datagram(0, nsid(RTM.newNsid, 3)), datagram(0, acknowledged())];

/** Messages that end too early, or whose attributes do. */
const short: Readonly<Record<string, Buffer>> = {
  'no-head': message(RTM.newLink),
  'half-a-head': message(RTM.newLink, linkHead(2).subarray(0, 7)),
  'name-without-end': message(RTM.newLink, linkHead(2), attribute(IFLA.name, text('abcd'))),
  'long-name': message(RTM.newLink, linkHead(2), attribute(IFLA.name, text('a'.repeat(40)))),
  'empty-name': message(RTM.newLink, linkHead(2), attribute(IFLA.name, text(''))),
  'no-mtu': message(RTM.newLink, linkHead(2), attribute(IFLA.mtu, text(''))),
  'short-mtu': message(RTM.newLink, linkHead(2), attribute(IFLA.mtu, text('a'))),
  'kind-without-end': message(
    RTM.newLink,
    linkHead(2),
    attribute(IFLA.linkInfo, attribute(IFLA.infoKind, text('abcd'))),
  ),
  'no-address-head': message(RTM.newAddress),
  'half-an-address-head': message(RTM.delAddress, Buffer.from([AF_INET])),
  'no-address': message(RTM.newAddress, addressHead(2), attribute(IFA.address, text(''))),
  'short-address': message(RTM.newAddress, addressHead(2), attribute(IFA.address, text('ab'))),
  'short-flags': message(RTM.newAddress, addressHead(2), attribute(IFA.flags, text('a'))),
  'no-neighbour-head': message(RTM.newNeighbour),
  'half-a-neighbour-head': message(RTM.newNeighbour, words(AF_INET)),
  'no-mac': neighbour(text('')),
  'short-mac': neighbour(text('abcde')),
  'long-mac': neighbour(text('abcdefghij')),
  'no-filter-head': message(RTM.newFilter),
  'name-of-a-filter': filter(text('ms_')),
  'no-name-of-a-filter': filter(text('')),
  'no-nsid': message(RTM.delNsid),
  'nsid-without-value': message(RTM.delNsid, words(0)),
  'short-nsid': message(RTM.delNsid, words(0), attribute(NETNSA_NSID, text('a'))),
  'negative-nsid': nsid(RTM.delNsid, -1),
  'short-acknowledgement': message(NLMSG.error, words(0)),
  'no-error': message(NLMSG.error),
  'lowest-error': acknowledged(-0x8000_0000),
  'positive-error': acknowledged(5),
  'failed-dump': done(-12),
  'half-a-message': Buffer.from([16, 0, 0]),
};

function* named(): Generator<readonly [string, number, readonly Buffer[]]> {
  const lists = [datagram(0, link(2), link(3)), datagram(0, done()), datagram(0, address(2)), datagram(0, done())];
  yield ['look', ASKED.look, [...watched, ...lists]];
  yield ['look-many', ASKED.look, [...watched, datagram(0, ...[1, 2, 3, 4, 5, 6].map((each) => link(each)), done())]];
  yield ['find', ASKED.find, [datagram(0, link(2)), datagram(0, acknowledged())]];
  yield ['prefixes', ASKED.prefixes, [datagram(0, address(7), address(8)), datagram(0, done())]];
  yield ['prefixes-many', ASKED.prefixes, [datagram(0, ...Array.from({ length: 80 }, () => address(7)), done())]];
  yield [
    'neighbour',
    ASKED.neighbour,
    [datagram(0, neighbour(Buffer.from('fa163e000001', 'hex'))), datagram(0, acknowledged())],
  ];
  yield ['find-none', ASKED.find, [datagram(0, acknowledged(-19))]];
  yield [
    'filters',
    ASKED.filters,
    [datagram(0, filter(text('ms_match\0')), filter(text('other\0'))), datagram(0, done()), datagram(0, done())],
  ];
  const events = [link(2), message(RTM.delLink, linkHead(3)), address(2), nsid(RTM.newNsid, 4), nsid(RTM.delNsid, 4)];
  for (const [name, flags] of Object.entries(FLAGS)) {
    yield [`events-${name}`, ASKED.events, [datagram(flags, ...events), datagram(FLAGS.nsid, ...events)]];
    yield [`find-${name}`, ASKED.find, [datagram(flags, link(2)), datagram(flags, acknowledged())]];
    yield [
      `look-${name}`,
      ASKED.look,
      [...watched, ...lists.map((each) => Buffer.concat([Buffer.from([flags]), each.subarray(1)]))],
    ];
  }
  for (const [name, bytes] of Object.entries(short)) {
    yield [`events-${name}`, ASKED.events, [datagram(FLAGS.nsid, bytes)]];
    yield [`find-${name}`, ASKED.find, [datagram(0, bytes), datagram(0, acknowledged())]];
    yield [`neighbour-${name}`, ASKED.neighbour, [datagram(0, bytes), datagram(0, acknowledged())]];
    yield [`prefixes-${name}`, ASKED.prefixes, [datagram(0, bytes), datagram(0, done())]];
    yield [
      `filters-${name}`,
      ASKED.filters,
      [datagram(0, bytes), datagram(0, done()), datagram(0, bytes), datagram(0, done())],
    ];
    const [links, ended] = [datagram(0, link(2)), datagram(0, done())];
    yield [`look-${name}`, ASKED.look, [...watched, datagram(0, link(2), bytes), ended, ...lists.slice(2)]];
    yield [`addresses-${name}`, ASKED.look, [...watched, links, ended, datagram(0, bytes), ended]];
    yield [`watch-${name}`, ASKED.look, [watched[0] ?? bytes, datagram(0, bytes), ...watched.slice(2), ...lists]];
  }
}

/** Datagrams for each of the functions that read them; netlink.c says what an input is. */
export function* netlinkSeeds(): Generator<readonly [string, Uint8Array]> {
  for (const [name, asked, datagrams] of named()) yield [name, Buffer.concat([Buffer.from([asked]), ...datagrams])];
}
