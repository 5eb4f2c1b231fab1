import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeadParser } from '../../src/proxy/head.ts';
import type { Reason } from '../../src/proxy/refuse.ts';
import { parseResponse } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';

endAfterEach();

const LIMITS = { headBytes: 2048, headerCount: 10, targetBytes: 256 };
const HOST = 'Host: a\r\n';

interface Refused {
  readonly what: string;
  readonly bytes: string;
  readonly reason: Reason;
  readonly status: number;
}

function refused(reason: Reason, status: number, rows: Readonly<Record<string, string>>): Refused[] {
  return Object.entries(rows).map(([what, bytes]) => ({ what, bytes, reason, status }));
}

const ROWS: readonly Refused[] = [
  ...refused('request-line-malformed', 400, {
    'nothing but a space': ' ',
    'a space before the method': ' GET / HTTP/1.1\r\n',
    'a method with a character that is not of a token': 'G(T / HTTP/1.1\r\n',
    'a method with a colon': 'GET: / HTTP/1.1\r\n',
    'a TLS greeting': '\x16\x03\x01\x02\x00\x01',
    'a method without a target': `GET\r\n${HOST}\r\n`,
    'a request of HTTP/0.9': 'GET /\r\n',
    'two spaces after the method': `GET  / HTTP/1.1\r\n${HOST}\r\n`,
    'two spaces after the target': `GET /  HTTP/1.1\r\n${HOST}\r\n`,
    'a tab after the method': `GET\t/ HTTP/1.1\r\n${HOST}\r\n`,
    'a space after the version': `GET / HTTP/1.1 \r\n${HOST}\r\n`,
    'something after the version': `GET / HTTP/1.1 x\r\n${HOST}\r\n`,
    'a version with a second digit': `GET / HTTP/1.10\r\n${HOST}\r\n`,
    'a version without a minor part': `GET / HTTP/1\r\n${HOST}\r\n`,
    'a version in lower case': `GET / http/1.1\r\n${HOST}\r\n`,
    'another protocol': `GET / RTSP/1.0\r\n${HOST}\r\n`,
    'a target with a space': `GET /a b HTTP/1.1\r\n${HOST}\r\n`,
    'a method longer than any': `${'M'.repeat(33)}`,
    'three empty lines first': '\r\n\r\n\r\nGET / HTTP/1.1\r\n',
    'a NUL first': '\0GET / HTTP/1.1\r\n',
    'a byte order mark first': '\xef\xbb\xbfGET / HTTP/1.1\r\n',
  }),
  ...refused('line-end-malformed', 400, {
    'a request line that ends with LF': `GET / HTTP/1.1\n${HOST}\r\n`,
    'a request line that ends with CR': `GET / HTTP/1.1\r${HOST}\r\n`,
    'a request line that ends with CR CR LF': `GET / HTTP/1.1\r\r\n${HOST}\r\n`,
    'a header line that ends with LF': 'GET / HTTP/1.1\r\nHost: a\n\r\n',
    'a header line that ends with CR': 'GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n',
    'a head that ends with LF LF': 'GET / HTTP/1.1\nHost: a\n\n',
    'an empty line of LF alone': 'GET / HTTP/1.1\r\nHost: a\r\n\n',
    'an empty line of CR and something': 'GET / HTTP/1.1\r\nHost: a\r\n\rX',
    'a header hidden behind a lone LF': `GET / HTTP/1.1\r\n${HOST}A: b\nX-Forwarded-For: 1.2.3.4\r\n\r\n`,
    'a header hidden behind a lone CR': `GET / HTTP/1.1\r\n${HOST}A: b\rX-Forwarded-For: 1.2.3.4\r\n\r\n`,
    'a lone CR within a name': `GET / HTTP/1.1\r\n${HOST}Con\rtent-Length: 1\r\n\r\n`,
    'a lone CR within the target': `GET /a\rb HTTP/1.1\r\n${HOST}\r\n`,
    'a lone LF first': '\nGET / HTTP/1.1\r\n',
    'a lone CR first': '\rGET / HTTP/1.1\r\n',
  }),
  ...refused('target-malformed', 400, {
    'a fragment': `GET /a#b HTTP/1.1\r\n${HOST}\r\n`,
    'a control byte': `GET /a\x01b HTTP/1.1\r\n${HOST}\r\n`,
    'a NUL byte': `GET /a\0b HTTP/1.1\r\n${HOST}\r\n`,
    'a DEL byte': `GET /a\x7fb HTTP/1.1\r\n${HOST}\r\n`,
    'a tab in the target': `GET /a\tb HTTP/1.1\r\n${HOST}\r\n`,
    'UTF-8 in the target': `GET /\xc3\xa4 HTTP/1.1\r\n${HOST}\r\n`,
    'Latin-1 in the target': `GET /\xe4 HTTP/1.1\r\n${HOST}\r\n`,
    'a relative path': `GET latest/meta-data HTTP/1.1\r\n${HOST}\r\n`,
    'an authority with GET': `GET a:80 HTTP/1.1\r\n${HOST}\r\n`,
    'an asterisk with GET': `GET * HTTP/1.1\r\n${HOST}\r\n`,
    'more than an asterisk': `OPTIONS */ HTTP/1.1\r\n${HOST}\r\n`,
    'another scheme': `GET https://a/ HTTP/1.1\r\n${HOST}\r\n`,
    'an absolute target without host': `GET http:///x HTTP/1.1\r\n${HOST}\r\n`,
    'an absolute target with only a port': `GET http://:80/x HTTP/1.1\r\n${HOST}\r\n`,
    'userinfo in an absolute target': `GET http://u:p@a/x HTTP/1.1\r\n${HOST}\r\n`,
    'a bad port in an absolute target': `GET http://a:8x/ HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refused('target-too-long', 414, {
    'one byte too many': `GET /${'a'.repeat(256)} HTTP/1.1\r\n${HOST}\r\n`,
    'a target without an end': `GET /${'a'.repeat(3000)}`,
  }),
  ...refused('method-refused', 405, {
    CONNECT: 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n',
    'CONNECT in HTTP/1.0': 'CONNECT a:80 HTTP/1.0\r\n\r\n',
    TRACE: `TRACE / HTTP/1.1\r\n${HOST}\r\n`,
    'trace, which agents would turn into TRACE': `trace / HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refused('version-unsupported', 505, {
    'HTTP/2.0': `GET / HTTP/2.0\r\n${HOST}\r\n`,
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'HTTP/1.2': `GET / HTTP/1.2\r\n${HOST}\r\n`,
    'HTTP/0.9 spelt out': `GET / HTTP/0.9\r\n${HOST}\r\n`,
    'HTTP/5.6': `GET / HTTP/5.6\r\n${HOST}\r\n`,
  }),
  ...refused('header-malformed', 400, {
    'an empty name': `GET / HTTP/1.1\r\n${HOST}: x\r\n\r\n`,
    'a space before the colon': `GET / HTTP/1.1\r\n${HOST}X-Forwarded-For : 1.2.3.4\r\n\r\n`,
    'a tab before the colon': `GET / HTTP/1.1\r\n${HOST}X-Forwarded-For\t: 1.2.3.4\r\n\r\n`,
    'a line without a colon': `GET / HTTP/1.1\r\n${HOST}nonsense\r\n\r\n`,
    'a space before the first name': 'GET / HTTP/1.1\r\n Host: a\r\n\r\n',
    'a folded line': `GET / HTTP/1.1\r\n${HOST}A: b\r\n c\r\n\r\n`,
    'a line folded with a tab': `GET / HTTP/1.1\r\n${HOST}A: b\r\n\tc\r\n\r\n`,
    'an empty folded line': `GET / HTTP/1.1\r\n${HOST}A: b\r\n \r\n\r\n`,
    'a space within a name': `GET / HTTP/1.1\r\n${HOST}X Forwarded-For: 1.2.3.4\r\n\r\n`,
    'a control byte in a name': `GET / HTTP/1.1\r\n${HOST}X\x01: 1\r\n\r\n`,
    'a NUL in a name': `GET / HTTP/1.1\r\n${HOST}X-Forwarded-For\0: 1\r\n\r\n`,
    'UTF-8 in a name': `GET / HTTP/1.1\r\n${HOST}X-F\xc3\xb6rwarded: 1\r\n\r\n`,
    'a no-break space in a name': `GET / HTTP/1.1\r\n${HOST}X-Forwarded-For\xa0: 1\r\n\r\n`,
    'a NUL in a value': `GET / HTTP/1.1\r\n${HOST}A: b\0c\r\n\r\n`,
    'a control byte in a value': `GET / HTTP/1.1\r\n${HOST}A: b\x1bc\r\n\r\n`,
    'a vertical tab in a value': `GET / HTTP/1.1\r\n${HOST}A: b\x0bc\r\n\r\n`,
    'DEL in a value': `GET / HTTP/1.1\r\n${HOST}A: b\x7fc\r\n\r\n`,
    'Latin-1 in a value': `GET / HTTP/1.1\r\n${HOST}A: \xe4\r\n\r\n`,
    'UTF-8 in a value that is cut': `GET / HTTP/1.1\r\n${HOST}A: \xe2\x82\r\n\r\n`,
    'overlong UTF-8 in a value': `GET / HTTP/1.1\r\n${HOST}A: \xc0\x8a\r\n\r\n`,
    'longer overlong UTF-8 in a value': `GET / HTTP/1.1\r\n${HOST}A: \xe0\x80\x8a\r\n\r\n`,
    'a surrogate in a value': `GET / HTTP/1.1\r\n${HOST}A: \xed\xa0\x80\r\n\r\n`,
    'UTF-8 beyond Unicode in a value': `GET / HTTP/1.1\r\n${HOST}A: \xf4\x90\x80\x80\r\n\r\n`,
    'NEL in UTF-8 in a value': `GET / HTTP/1.1\r\n${HOST}A: \xc2\x85\r\n\r\n`,
    'bytes in a value that are not UTF-8': `GET / HTTP/1.1\r\n${HOST}A: \xff\xfe\r\n\r\n`,
    'NEL in a value, which Python takes for a line end': `GET / HTTP/1.1\r\n${HOST}A: b\x85X-Forwarded-For: 1\r\n\r\n`,
    'a second request line': `GET / HTTP/1.1\r\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    'a quoted name': `GET / HTTP/1.1\r\n${HOST}"X": 1\r\n\r\n`,
  }),
  ...refused('headers-too-many', 431, {
    'one line too many': `GET / HTTP/1.1\r\n${HOST}${'A: b\r\n'.repeat(10)}\r\n`,
    'too many lines and no end': `GET / HTTP/1.1\r\n${HOST}${'A: b\r\n'.repeat(10)}`,
  }),
  ...refused('head-too-large', 431, {
    'a complete head': `GET / HTTP/1.1\r\n${HOST}A: ${'b'.repeat(2048)}\r\n\r\n`,
    'a head without an end': `GET / HTTP/1.1\r\n${HOST}A: ${'b'.repeat(2048)}`,
  }),
  ...refused('host-malformed', 400, {
    'no Host in HTTP/1.1': 'GET / HTTP/1.1\r\n\r\n',
    'no Host with an absolute target': 'GET http://a/ HTTP/1.1\r\n\r\n',
    'two of them': 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
    'two of them in different case': 'GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n',
    'two of them in HTTP/1.0': 'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n',
    'a space in it': 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    'a path in it': 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n',
    'userinfo in it': 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n',
    'a query in it': 'GET / HTTP/1.1\r\nHost: a?b\r\n\r\n',
    'a bad port': 'GET / HTTP/1.1\r\nHost: a:b\r\n\r\n',
    'two ports': 'GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n',
    'an IPv6 address without brackets': 'GET / HTTP/1.1\r\nHost: fe80::a9fe:a9fe\r\n\r\n',
    'an open bracket': 'GET / HTTP/1.1\r\nHost: [fe80::1\r\n\r\n',
    'something after the bracket': 'GET / HTTP/1.1\r\nHost: [fe80::1]x\r\n\r\n',
    'only Host spelt with an underscore': 'GET / HTTP/1.1\r\nHost_: a\r\n\r\n',
  }),
  ...refused('content-length-malformed', 400, {
    negative: `POST / HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`,
    'with a plus': `POST / HTTP/1.1\r\n${HOST}Content-Length: +1\r\n\r\n`,
    hexadecimal: `POST / HTTP/1.1\r\n${HOST}Content-Length: 0x1\r\n\r\n`,
    fractional: `POST / HTTP/1.1\r\n${HOST}Content-Length: 1.0\r\n\r\n`,
    empty: `POST / HTTP/1.1\r\n${HOST}Content-Length:\r\n\r\n`,
    'two numbers': `POST / HTTP/1.1\r\n${HOST}Content-Length: 1 2\r\n\r\n`,
    'a list': `POST / HTTP/1.1\r\n${HOST}Content-Length: 1, 1\r\n\r\n`,
    'twice, different': `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
    'twice, equal': `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`,
  }),
  ...refused('body-too-large', 413, {
    'more than is allowed': `POST / HTTP/1.1\r\n${HOST}Content-Length: 65537\r\n\r\n`,
    'more than a number holds': `POST / HTTP/1.1\r\n${HOST}Content-Length: ${'9'.repeat(40)}\r\n\r\n`,
  }),
  ...refused('transfer-encoding-malformed', 400, {
    empty: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n\r\n`,
    twice: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'chunked, then another': `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n`,
    'in HTTP/1.0': 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
  }),
  ...refused('transfer-encoding-unsupported', 501, {
    gzip: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip\r\n\r\n`,
    identity: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`,
    'gzip, chunked': `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n`,
    'chunked twice in a list': `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, chunked\r\n\r\n`,
    'chunked with a parameter': `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked;q=1\r\n\r\n`,
    'chunked in quotes': `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: "chunked"\r\n\r\n`,
    'almost chunked': `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n`,
  }),
  ...refused('framing-ambiguous', 400, {
    'length first': `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'encoding first': `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n`,
    'a length of 0': `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n`,
  }),
  ...refused('expectation-unsupported', 417, {
    'another expectation': `POST / HTTP/1.1\r\n${HOST}Expect: 200-ok\r\nContent-Length: 1\r\n\r\n`,
    'more than one expectation': `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue, x\r\nContent-Length: 1\r\n\r\n`,
    'an empty expectation': `POST / HTTP/1.1\r\n${HOST}Expect:\r\nContent-Length: 1\r\n\r\n`,
  }),
];

describe('a head is refused, and the agent not asked, with', () => {
  for (const { what, bytes, reason, status } of ROWS) {
    test(`${reason} for ${what}`, async () => {
      const worker = await startWorker({ limits: LIMITS });
      const agent = await startKeepAlive(worker);
      const response = parseResponse(await worker.raw(bytes));
      assert.equal(response?.status, status);
      assert.equal(response.headers.get('connection'), 'close');
      assert.equal(response.rest, '', 'exactly one response');
      assert.ok(response.body.startsWith(`${reason}: `), response.body);
      assert.deepEqual(worker.refused(), { [reason]: 1 });
      assert.equal(agent.received.length, 0);
      assert.equal(worker.log[0]?.['reason'], reason);
    });
  }
});

/** A good head: what the agent is told of it, besides our own lines. */
const GOOD: Readonly<
  Record<string, { readonly bytes: string; readonly line: string; readonly lines: readonly string[] }>
> = {
  'one empty line first': { bytes: `\r\nGET / HTTP/1.1\r\n${HOST}\r\n`, line: 'GET / HTTP/1.1', lines: ['Host: a'] },
  'two empty lines first': {
    bytes: `\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    line: 'GET / HTTP/1.1',
    lines: ['Host: a'],
  },
  'any method': { bytes: `M-SEARCH /x HTTP/1.1\r\n${HOST}\r\n`, line: 'M-SEARCH /x HTTP/1.1', lines: ['Host: a'] },
  'a method in lower case': { bytes: `get /x HTTP/1.1\r\n${HOST}\r\n`, line: 'get /x HTTP/1.1', lines: ['Host: a'] },
  'a query': { bytes: `GET /x?a=b&c=?d HTTP/1.1\r\n${HOST}\r\n`, line: 'GET /x?a=b&c=?d HTTP/1.1', lines: ['Host: a'] },
  'odd visible characters': {
    bytes: `GET /"<>\\^\`{|} HTTP/1.1\r\n${HOST}\r\n`,
    line: 'GET /"<>\\^`{|} HTTP/1.1',
    lines: ['Host: a'],
  },
  'percent-encoding untouched': {
    bytes: `GET /%2e%2E/%00 HTTP/1.1\r\n${HOST}\r\n`,
    line: 'GET /%2e%2E/%00 HTTP/1.1',
    lines: ['Host: a'],
  },
  'double slashes and dots untouched': {
    bytes: `GET //a/../b HTTP/1.1\r\n${HOST}\r\n`,
    line: 'GET //a/../b HTTP/1.1',
    lines: ['Host: a'],
  },
  'OPTIONS with an asterisk': {
    bytes: `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`,
    line: 'OPTIONS * HTTP/1.1',
    lines: ['Host: a'],
  },
  'an absolute target': {
    bytes: `GET http://b:80/x?y HTTP/1.1\r\n${HOST}\r\n`,
    line: 'GET /x?y HTTP/1.1',
    lines: ['Host: b:80'],
  },
  'an absolute target in capitals': {
    bytes: `GET HTTP://B/x HTTP/1.1\r\n${HOST}\r\n`,
    line: 'GET /x HTTP/1.1',
    lines: ['Host: B'],
  },
  'an absolute target without path': {
    bytes: `GET http://b HTTP/1.1\r\n${HOST}\r\n`,
    line: 'GET / HTTP/1.1',
    lines: ['Host: b'],
  },
  'an absolute target with only a query': {
    bytes: `GET http://b?x HTTP/1.1\r\n${HOST}\r\n`,
    line: 'GET /?x HTTP/1.1',
    lines: ['Host: b'],
  },
  'OPTIONS with an absolute target without path': {
    bytes: `OPTIONS http://b HTTP/1.1\r\n${HOST}\r\n`,
    line: 'OPTIONS * HTTP/1.1',
    lines: ['Host: b'],
  },
  'no Host in HTTP/1.0': { bytes: 'GET / HTTP/1.0\r\n\r\n', line: 'GET / HTTP/1.1', lines: ['Host: 169.254.169.254'] },
  'an empty Host': { bytes: 'GET / HTTP/1.1\r\nHost:\r\n\r\n', line: 'GET / HTTP/1.1', lines: ['Host:'] },
  'a Host with a port': {
    bytes: 'GET / HTTP/1.1\r\nHost: a:80\r\n\r\n',
    line: 'GET / HTTP/1.1',
    lines: ['Host: a:80'],
  },
  'an IPv6 Host': {
    bytes: 'GET / HTTP/1.1\r\nHost: [fe80::a9fe:a9fe]:80\r\n\r\n',
    line: 'GET / HTTP/1.1',
    lines: ['Host: [fe80::a9fe:a9fe]:80'],
  },
  'an IPv6 Host with a zone': {
    bytes: 'GET / HTTP/1.1\r\nHost: [fe80::a9fe:a9fe%ens3]\r\n\r\n',
    line: 'GET / HTTP/1.1',
    lines: ['Host: [fe80::a9fe:a9fe%ens3]'],
  },
  'an IPv6 Host with an encoded zone': {
    bytes: 'GET / HTTP/1.1\r\nHost: [fe80::a9fe:a9fe%25ens3]\r\n\r\n',
    line: 'GET / HTTP/1.1',
    lines: ['Host: [fe80::a9fe:a9fe%25ens3]'],
  },
  'blanks around a value': {
    bytes: `GET / HTTP/1.1\r\n${HOST}A: \t b \t\r\n\r\n`,
    line: 'GET / HTTP/1.1',
    lines: ['Host: a', 'A: \t b \t'],
  },
  'an empty value': { bytes: `GET / HTTP/1.1\r\n${HOST}A:\r\n\r\n`, line: 'GET / HTTP/1.1', lines: ['Host: a', 'A:'] },
  'UTF-8 in a value': {
    bytes: `GET / HTTP/1.1\r\n${HOST}A: \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80b\r\n\r\n`,
    line: 'GET / HTTP/1.1',
    lines: ['Host: a', 'A: \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80b'],
  },
  'a name of punctuation': {
    bytes: `GET / HTTP/1.1\r\n${HOST}!#$%&'*+.^_\`|~: b\r\n\r\n`,
    line: 'GET / HTTP/1.1',
    lines: ['Host: a', "!#$%&'*+.^_`|~: b"],
  },
  'order and repetition of lines': {
    bytes: `GET / HTTP/1.1\r\nB: 1\r\n${HOST}A: 2\r\nB: 3\r\n\r\n`,
    line: 'GET / HTTP/1.1',
    lines: ['B: 1', 'Host: a', 'A: 2', 'B: 3'],
  },
  'leading zeros in Content-Length': {
    bytes: `POST / HTTP/1.1\r\n${HOST}Content-Length: 0003\r\n\r\nabc`,
    line: 'POST / HTTP/1.1',
    lines: ['Host: a', 'Content-Length: 3'],
  },
  'no length with POST': {
    bytes: `POST / HTTP/1.1\r\n${HOST}\r\n`,
    line: 'POST / HTTP/1.1',
    lines: ['Host: a', 'Content-Length: 0'],
  },
  'an unneeded length with GET': {
    bytes: `GET / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`,
    line: 'GET / HTTP/1.1',
    lines: ['Host: a'],
  },
  'a body with GET': {
    bytes: `GET / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nab`,
    line: 'GET / HTTP/1.1',
    lines: ['Host: a', 'Content-Length: 2'],
  },
  'hop-by-hop headers, which go no further': {
    bytes: `GET / HTTP/1.1\r\n${HOST}Keep-Alive: 1\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nTE: trailers\r\nTrailer: x\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nA: b\r\n\r\n`,
    line: 'GET / HTTP/1.1',
    lines: ['Host: a', 'A: b'],
  },
  'headers that Connection names, which go no further': {
    bytes: `GET / HTTP/1.1\r\n${HOST}Connection: X-One , x-TWO\r\nX-One: 1\r\nx-two: 2\r\nX-Three: 3\r\n\r\n`,
    line: 'GET / HTTP/1.1',
    lines: ['Host: a', 'X-Three: 3'],
  },
  'Connection naming what it may not': {
    bytes: `POST / HTTP/1.1\r\n${HOST}Connection: host, content-length, x-forwarded-for, x-neutron-router-id\r\nContent-Length: 1\r\n\r\nx`,
    line: 'POST / HTTP/1.1',
    lines: ['Host: a', 'Content-Length: 1'],
  },
  'special names in odd spellings, which go no further': {
    bytes: `POST / HTTP/1.1\r\n${HOST}Content_Length: 7\r\nTransfer_Encoding: chunked\r\nContent.Length: 9\r\nContent-Length: 1\r\n\r\nx`,
    line: 'POST / HTTP/1.1',
    lines: ['Host: a', 'Content-Length: 1'],
  },
};

describe('a head is taken, and reaches the agent as it should, with', () => {
  for (const [what, { bytes, line, lines }] of Object.entries(GOOD)) {
    test(what, async () => {
      const worker = await startWorker({ limits: LIMITS });
      const agent = await startKeepAlive(worker);
      const client = await worker.open();
      await client.send(bytes);
      await client.until((open) => parseResponse(open.text) !== undefined);
      client.close();
      assert.equal(agent.received[0]?.requestLine, line);
      assert.deepEqual(agent.received[0]?.lines.slice(2), lines);
      assert.equal(agent.received.length, 1);
    });
  }

  test('every byte in a segment of its own', async () => {
    const worker = await startWorker({ limits: LIMITS });
    const agent = await startKeepAlive(worker);
    const response = await worker.raw(
      ...`\r\nPOST /x HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: 5\r\n\r\nhello`,
    );
    assert.equal(parseResponse(response)?.status, 200);
    assert.equal(agent.received[0]?.requestLine, 'POST /x HTTP/1.1');
    assert.equal(agent.received[0]?.body, 'hello');
  });
});

test('the parser comes to the same end whichever way a head is cut', () => {
  const parser = new HeadParser(LIMITS);
  for (const { bytes } of [...ROWS, ...Object.values(GOOD)]) {
    const whole = Buffer.from(bytes.replace(/^(\r\n)+/, ''), 'latin1');
    const expected = parser.parse(whole, 0, whole.length);
    let found: unknown;
    let length = 0;
    while (found === undefined && length < whole.length) {
      length += 1;
      found = parser.parse(whole, 0, length);
    }
    if (typeof expected === 'object') assert.deepEqual(found, expected);
    else assert.equal(found, expected, bytes);
  }
});
