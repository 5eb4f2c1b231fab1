/** What random requests are made of. */
import fc from 'fast-check';

/** A header line as the client sends it. */
export interface Line {
  readonly name: string;
  readonly value: string;
  /** Blanks around the value. */
  readonly before: string;
  readonly after: string;
}

export interface Spec {
  readonly method: string;
  readonly path: string;
  readonly query: string | undefined;
  /** Scheme and authority in front of the path, or nothing. */
  readonly authority: string;
  readonly minor: 0 | 1;
  readonly host: Line | undefined;
  readonly ordinary: readonly Line[];
  readonly forged: readonly Line[];
  /** Where the forged lines and Host go among the others, as parts of the whole. */
  readonly places: readonly number[];
  readonly connection: string | undefined;
  readonly body: Buffer;
  readonly framing: 'none' | 'length' | 'chunked';
  readonly expects: 'nothing' | 'waits' | 'sends at once';
  readonly chunkSizes: readonly number[];
  readonly chunkExtension: string;
  readonly trailer: Line | undefined;
  /** What is wrong with it on purpose. */
  readonly fault: keyof typeof FAULTS | undefined;
}

/** Names that something behind us might take for identity; written here anew, so that the list in use is put to the test. */
const IDENTITY = [
  'X-Forwarded-For',
  'X-Neutron-Router-ID',
  'X-Neutron-Network-ID',
  'X-OVN-Network-ID',
  'X-Instance-ID',
  'X-Instance-ID-Signature',
  'X-Tenant-ID',
  'X-Metadata-Provider',
  'X-Metadata-Provider-Signature',
  'X-Real-IP',
  'Forwarded',
];

/** Ways to make a whole request malformed, whatever else is in it. */
export const FAULTS = {
  'space before colon': (head: string) => head.replace('\r\n', '\r\nX-Forwarded-For : 10.9.9.9\r\n'),
  'folded line': (head: string) => head.replace('\r\n', '\r\nX-Other: a\r\n X-Forwarded-For: 10.9.9.9\r\n'),
  'folded at once': (head: string) => head.replace('\r\n', '\r\n X-Forwarded-For: 10.9.9.9\r\n'),
  'bare LF': (head: string) => head.replace('\r\n', '\r\nX-Other: a\nX-Forwarded-For: 10.9.9.9\r\n'),
  'bare CR': (head: string) => head.replace('\r\n', '\r\nX-Other: a\rX-Forwarded-For: 10.9.9.9\r\n'),
  'no name': (head: string) => head.replace('\r\n', '\r\n: 10.9.9.9\r\n'),
  'NUL in a value': (head: string) => head.replace('\r\n', '\r\nX-Other: a\0b\r\n'),
  'not UTF-8 in a value': (head: string) => head.replace('\r\n', '\r\nX-Other: a\xe9b\r\n'),
  'two spaces in the request line': (head: string) => head.replace(' ', '  '),
  'another version': (head: string) => head.replace(/HTTP\/1\.\d\r/, 'HTTP/2.0\r'),
  'two lengths': (head: string) => head.replace('\r\n', '\r\nContent-Length: 0\r\nContent-Length: 5\r\n'),
} as const;

/** Letters of a target's path and query: visible ASCII without `#`, and for the path without `?`. */
const VISIBLE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).filter(
  (each) => each !== '#',
);
const TOKEN = [..."!#$%&'*+-.^_`|~0123456789abcXYZ"];

const hex = fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`);
const pathLetter = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...VISIBLE.filter((each) => each !== '?' && each !== '%')) },
  { weight: 2, arbitrary: fc.constantFrom('/', '//', '/../', '/./', '/latest', '/openstack', '%2e%2e%2f') },
  { weight: 1, arbitrary: hex },
);
const path = fc
  .tuple(fc.constantFrom('/', '/missing', '/openstack/', '//'), fc.array(pathLetter, { maxLength: 30 }))
  .map(([first, rest]) => first + rest.join(''));
const query = fc.option(
  fc.array(fc.constantFrom(...VISIBLE, '?', '&', '='), { maxLength: 30 }).map((letters) => letters.join('')),
  { nil: undefined },
);
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS') },
  { weight: 1, arbitrary: fc.constantFrom('get', 'Post', 'head', 'M-SEARCH', 'QUERY', 'ANNOUNCE') },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 10 }) },
);

const blanks = fc.constantFrom('', ' ', '\t', '  ', ' \t ');
const value = fc
  .string({ unit: fc.constantFrom(...VISIBLE, ' ', '\t', '#', 'é', '€', '🙂'), maxLength: 40 })
  .map((text) => text.trim());
const FORGED_VALUES = [
  '10.9.9.9',
  '10.0.0.5, 10.9.9.9',
  'fe80::1',
  '',
  'deadbeef-0000-4000-8000-000000000000',
  'for=10.9.9.9',
];

function line(name: fc.Arbitrary<string>, values: fc.Arbitrary<string> = value): fc.Arbitrary<Line> {
  return fc.record({ name, value: values, before: blanks, after: blanks });
}

const ordinary = line(
  fc.oneof(
    fc.constantFrom('User-Agent', 'Accept', 'Accept-Encoding', 'Metadata', 'Metadata-Flavor', 'Cookie', 'Content-Type'),
    fc.constantFrom('X-aws-ec2-metadata-token', 'X-aws-ec2-metadata-token-ttl-seconds', 'Authorization', 'Range'),
    fc.string({ unit: fc.constantFrom(...TOKEN), maxLength: 12 }).map((text) => `Q${text}`),
  ),
);

/** A name in any case, with any other mark of a token for its hyphens. */
const spelt = fc
  .tuple(fc.constantFrom(...IDENTITY), fc.array(fc.nat(5), { minLength: 1, maxLength: 30 }))
  .map(([name, dice]) =>
    [...name]
      .map((letter, index) => {
        const die = dice[index % dice.length] ?? 0;
        if (letter === '-') return die < 2 ? '_' : die < 5 ? '-' : '.';
        return die % 2 === 0 ? letter.toUpperCase() : letter.toLowerCase();
      })
      .join(''),
  );
const forged = line(spelt, fc.constantFrom(...FORGED_VALUES));

/** Bodies, among them such that look like the beginning of another request. In UTF-8, because agents since 2025.1 drop others. */
const body = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 64 }).map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.integer({ min: 64, max: 5500 }).map((size) => Buffer.alloc(size, 'password\r\n')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      Buffer.from('GET /stolen HTTP/1.1\r\nX-Forwarded-For: 10.9.9.9\r\n\r\n'),
      Buffer.from('0\r\n\r\nGET /stolen HTTP/1.1\r\n\r\n'),
      Buffer.from('X-Forwarded-For: 10.9.9.9\r\n\r\n'),
    ),
  },
);

export const spec: fc.Arbitrary<Spec> = fc.record({
  method: method.filter((name) => !/^(connect|trace)$/i.test(name)),
  path,
  query,
  authority: fc.oneof(
    { weight: 9, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom('http://169.254.169.254', 'HTTP://other:80') },
  ),
  minor: fc.constantFrom(1, 1, 1, 0),
  host: fc.option(
    line(fc.constantFrom('Host', 'host', 'HOST'), fc.constantFrom('a', '169.254.169.254', '[fe80::1]:80')),
    {
      nil: undefined,
      freq: 8,
    },
  ),
  ordinary: fc.array(ordinary, { maxLength: 8 }),
  forged: fc.array(forged, { maxLength: 6 }),
  places: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 7, maxLength: 7 }),
  connection: fc.option(
    fc.constantFrom(
      'close',
      'keep-alive',
      'Close',
      'X-Forwarded-For',
      'Host, X-Neutron-Router-ID',
      'Accept',
      'Content-Length',
    ),
    { nil: undefined },
  ),
  body,
  framing: fc.constantFrom('none', 'length', 'chunked'),
  expects: fc.constantFrom('nothing', 'nothing', 'waits', 'sends at once'),
  chunkSizes: fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 }),
  chunkExtension: fc.constantFrom('', ';a', ';a=b', ' ; a = "b;\\"c"'),
  trailer: fc.option(forged, { nil: undefined }),
  fault: fc.option(fc.constantFrom(...(Object.keys(FAULTS) as (keyof typeof FAULTS)[])), { nil: undefined, freq: 12 }),
});
