/** What proxies send on the socket, byte by byte, and what they and nova get. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '../../src/agent/settings/secret.ts';
import { Signer } from '../../src/agent/sign.ts';
import { parseMacAddress } from '../../src/identity/mac-address.ts';
import { parseResponse, type RawResponse } from '../kit/raw-client.ts';
import {
  bodyOf,
  CLIENT,
  endAfterEach,
  INSTANCE,
  NETWORK,
  ROUTER,
  SHARED_SECRET,
  sourceDown,
  statusOf,
  TestAgent,
  TestNova,
  WHO,
} from './setup.ts';

endAfterEach();

const CLOSE = 'Connection: close\r\n\r\n';

/** All responses on one connection. */
function responsesIn(text: string): RawResponse[] {
  const found: RawResponse[] = [];
  for (let rest = text; rest !== ''; ) {
    const response = parseResponse(rest);
    assert.ok(response, JSON.stringify(rest));
    found.push(response);
    rest = response.rest;
  }
  return found;
}

describe('nova gets', () => {
  test('method, path and query as they came, four headers made here, and nothing else of the client', async () => {
    const nova = await TestNova.start();
    const agent = await TestAgent.start([nova]);
    const reply = await agent.raw(
      'GET /openstack/latest/meta_data.json?a=%2F..%2f&b=\'"[] HTTP/1.1\r\nhost: 169.254.169.254\r\nuser-agent: curl/8\r\naccept: */*\r\n' +
        'cookie: a=b\r\nx-instance-id: forged\r\nx-tenant-id: forged\r\nx-instance-id-signature: forged\r\nx-metadata-provider: forged\r\n' +
        `content-type: text/evil\r\nx-neutron-router-id: ${ROUTER}\r\nx-forwarded-for: ${CLIENT}\r\nconnection: close\r\n\r\n`,
    );
    assert.equal(statusOf(reply), 200);
    const [got] = nova.got;
    assert.equal(`${got?.method} ${got?.target}`, `GET /openstack/latest/meta_data.json?a=%2F..%2f&b='"[]`);
    assert.deepEqual(got?.headers, {
      host: `127.0.0.1:${nova.port}`,
      connection: 'keep-alive',
      'x-forwarded-for': CLIENT,
      'x-instance-id': INSTANCE.instanceId,
      'x-tenant-id': INSTANCE.projectId,
      'x-instance-id-signature': new Signer(new Secret(SHARED_SECRET)).sign(INSTANCE.instanceId),
    });
  });

  const bodies: readonly [title: string, head: string, body: string][] = [
    ['a body with its length', 'Content-Type: text/plain\r\nContent-Length: 6\r\n', 'secret'],
    [
      'a chunked body as one with a length',
      'Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n',
      '3\r\nsec\r\n3;x=y\r\nret\r\n0\r\nTrailer: x\r\n\r\n',
    ],
    [
      'a body announced with Expect',
      'Content-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 6\r\n',
      'secret',
    ],
  ];
  for (const [title, head, body] of bodies) {
    test(`${title}, however it is cut into pieces`, async () => {
      const nova = await TestNova.start();
      const agent = await TestAgent.start([nova]);
      const all = `POST /openstack/2013-04-04/password HTTP/1.1\r\n${WHO}${head}${CLOSE}`;
      const text = await agent.raw(all.slice(0, 40), all.slice(40), ...body);
      const replies = responsesIn(text);
      assert.deepEqual(
        replies.map(({ status }) => status),
        head.includes('Expect') ? [100, 200] : [200],
      );
      const [got] = nova.got;
      assert.deepEqual(
        [
          got?.body.toString(),
          got?.headers['content-length'],
          got?.headers['content-type'],
          got?.headers['transfer-encoding'],
        ],
        ['secret', '6', 'text/plain', undefined],
      );
    });
  }

  test('an empty body with its length where the method is one that has bodies', async () => {
    const nova = await TestNova.start();
    const agent = await TestAgent.start([nova]);
    await agent.get('/x', 'Content-Length: 0\r\n', 'POST');
    assert.equal(nova.got[0]?.headers['content-length'], '0');
  });

  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND']) {
    test(`the method ${method} as it is`, async () => {
      const nova = await TestNova.start();
      const agent = await TestAgent.start([nova]);
      assert.equal(statusOf(await agent.get('/latest/api/token', '', method)), 200);
      assert.deepEqual(
        nova.got.map((got) => got.method),
        [method],
      );
    });
  }

  const targets: readonly [target: string, path: string | undefined][] = [
    ['/', '/'],
    ['//latest///meta-data', '//latest///meta-data'],
    ['/a?', '/a?'],
    ['/?/http://x', '/?/http://x'],
    ['http://169.254.169.254/latest?x', '/latest?x'],
    ['HTTP://169.254.169.254', '/'],
    ['http://169.254.169.254?x', '/?x'],
    ['https://169.254.169.254/latest', undefined],
    ['*', undefined],
  ];
  for (const [target, path] of targets) {
    test(`${path === undefined ? 'nothing of' : `${path} for`} the target ${target}`, async () => {
      const nova = await TestNova.start();
      const agent = await TestAgent.start([nova]);
      assert.equal(
        statusOf(await agent.get(target, '', target === '*' ? 'OPTIONS' : 'GET')),
        path === undefined ? 400 : 200,
      );
      assert.deepEqual(
        nova.got.map((got) => got.target),
        path === undefined ? [] : [path],
      );
    });
  }
});

describe('a connection', () => {
  test('serves requests one after the other, and stays open', async () => {
    const nova = await TestNova.start((got, response) => void response.end(got.target));
    const agent = await TestAgent.start([nova]);
    const client = await agent.open();
    for (const round of [1, 2, 3]) {
      await client.send(`GET /${round} HTTP/1.1\r\n${WHO}\r\n`);
      await client.until(({ text }) => responsesIn(text).length === round);
    }
    assert.deepEqual(
      responsesIn(client.text).map(({ body }) => body),
      ['/1', '/2', '/3'],
    );
    assert.equal(client.state, 'open');
    assert.equal(agent.server.connections, 1);
    client.close();
  });

  test('answers requests that come ahead in their order, whichever nova answers first', async () => {
    const nova = await TestNova.start(
      (got, response) => void setTimeout(() => response.end(got.target), got.target === '/1' ? 50 : 0),
    );
    const agent = await TestAgent.start([nova]);
    const text = await agent.raw(
      `GET /1 HTTP/1.1\r\n${WHO}\r\nGET /2 HTTP/1.1\r\n${WHO}\r\nGET /3 HTTP/1.1\r\n${WHO}${CLOSE}`,
    );
    assert.deepEqual(
      responsesIn(text).map(({ body }) => body),
      ['/1', '/2', '/3'],
    );
  });

  test('of HTTP/1.0 ends with the reply', async () => {
    const agent = await TestAgent.start([await TestNova.start()]);
    const reply = await agent.raw(`GET / HTTP/1.0\r\n${WHO}\r\n`);
    assert.equal(statusOf(reply), 200);
    assert.equal(bodyOf(reply), 'hello');
  });

  test('of HTTP/1.0 with keep-alive stays', async () => {
    const agent = await TestAgent.start([await TestNova.start()]);
    const client = await agent.open();
    await client.send(`GET / HTTP/1.0\r\n${WHO}Connection: keep-alive\r\n\r\n`);
    await client.until(({ text }) => text.endsWith('hello'));
    await client.send(`GET / HTTP/1.0\r\n${WHO}\r\n`);
    await client.untilClosed();
    assert.equal(responsesIn(client.text).length, 2);
  });

  test('beyond the limit is closed, and the others are served', async () => {
    const agent = await TestAgent.start([await TestNova.start()], 'connections: 2');
    const clients = [await agent.open(), await agent.open()];
    const third = await agent.open();
    await third.untilClosed();
    assert.equal(third.text, '');
    for (const client of clients) {
      await client.send(`GET / HTTP/1.1\r\n${WHO}${CLOSE}`);
      await client.untilClosed();
      assert.equal(statusOf(client.text), 200);
    }
  });
});

describe('a reply', () => {
  test('to HEAD has the length that nova says, and no body', async () => {
    const nova = await TestNova.start((_, response) => void response.writeHead(200, { 'content-length': 1234 }).end());
    const agent = await TestAgent.start([nova]);
    const reply = await agent.get('/', '', 'HEAD');
    assert.match(reply, /\r\nContent-Length: 1234\r\n/);
    assert.equal(bodyOf(reply), '');
  });

  const statuses = [200, 204, 304, 400, 403, 404, 405, 409, 429, 500, 502, 503, 504];
  for (const status of statuses) {
    test(`with ${status} comes through, with type, encoding and Retry-After, and nothing else of nova`, async () => {
      const hasBody = status !== 204 && status !== 304;
      const nova = await TestNova.start((_, response) => {
        response.writeHead(status, {
          'Content-Type': 'text/x; y=z',
          'Retry-After': '7',
          'Set-Cookie': 'a=b',
          Server: 'nova',
        });
        response.end(hasBody ? 'body' : undefined);
      });
      const agent = await TestAgent.start([nova]);
      const reply = parseResponse(await agent.get('/'));
      assert.equal(reply?.status, status);
      assert.equal(reply.body, hasBody ? 'body' : '');
      const { date: _, ...headers } = Object.fromEntries(reply.headers);
      assert.deepEqual(headers, {
        'content-type': 'text/x; y=z',
        'retry-after': '7',
        connection: 'close',
        ...(hasBody ? { 'content-length': '4' } : {}),
      });
    });
  }
});

interface Bad {
  readonly title: string;
  readonly head: string;
  readonly reason: string;
  readonly status?: number;
}

const ID = `X-Neutron-Router-ID: ${ROUTER}\r\n`;
const FOR = `X-Forwarded-For: ${CLIENT}\r\n`;

const identities: readonly Bad[] = [
  { title: 'no header at all', head: '', reason: 'owner-missing' },
  { title: 'an address without an owner', head: FOR, reason: 'owner-missing' },
  { title: 'an owner without an address', head: ID, reason: 'client-missing' },
  {
    title: 'both a router and a network',
    head: `${ID}X-Neutron-Network-ID: ${NETWORK}\r\n${FOR}`,
    reason: 'owner-ambiguous',
  },
  {
    title: 'a router and an OVN network',
    head: `X-OVN-Network-ID: ${NETWORK}\r\n${FOR}${ID}`,
    reason: 'owner-ambiguous',
  },
  {
    title: 'a network twice',
    head: `X-OVN-Network-ID: ${NETWORK}\r\nx-ovn-network-id: ${NETWORK}\r\n${FOR}`,
    reason: 'owner-ambiguous',
  },
  { title: 'a router twice, the same', head: `${ID}${ID}${FOR}`, reason: 'owner-ambiguous' },
  {
    title: 'two routers in one line',
    head: `X-Neutron-Router-ID: ${ROUTER}, ${ROUTER}\r\n${FOR}`,
    reason: 'owner-malformed',
  },
  { title: 'a router that is no UUID', head: `X-Neutron-Router-ID: router\r\n${FOR}`, reason: 'owner-malformed' },
  { title: 'an empty router', head: `X-Neutron-Router-ID:\r\n${FOR}`, reason: 'owner-malformed' },
  {
    title: 'the address twice, as haproxy leaves it',
    head: `x-forwarded-for: 10.9.9.9\r\n${ID}${FOR}`,
    reason: 'client-ambiguous',
  },
  { title: 'the same address twice', head: `${ID}${FOR}${FOR}`, reason: 'client-ambiguous' },
  { title: 'a list of addresses', head: `${ID}X-Forwarded-For: 1.2.3.4, ${CLIENT}\r\n`, reason: 'client-ambiguous' },
  { title: 'an address with a zone', head: `${ID}X-Forwarded-For: fe80::1%eth0\r\n`, reason: 'client-malformed' },
  { title: 'an address with a port', head: `${ID}X-Forwarded-For: 10.0.0.5:80\r\n`, reason: 'client-malformed' },
  { title: 'an address in brackets', head: `${ID}X-Forwarded-For: [::1]\r\n`, reason: 'client-malformed' },
  { title: 'an address with leading zeros', head: `${ID}X-Forwarded-For: 010.0.0.5\r\n`, reason: 'client-malformed' },
  { title: 'an empty address', head: `${ID}X-Forwarded-For:\r\n`, reason: 'client-malformed' },
  {
    title: 'an address on a folded line',
    head: `${ID}X-Forwarded-For: ${CLIENT}\r\n 1.2.3.4\r\n`,
    reason: 'request-malformed',
  },
  { title: 'a MAC that is none', head: `${WHO}X-Metasteer-Client-MAC: fa:16:3e\r\n`, reason: 'mac-malformed' },
  { title: 'an empty MAC', head: `${WHO}X-Metasteer-Client-MAC:\r\n`, reason: 'mac-malformed' },
  {
    title: 'two MACs',
    head: `${WHO}X-Metasteer-Client-MAC: fa:16:3e:00:00:01\r\nX-Metasteer-Client-MAC: fa:16:3e:00:00:01\r\n`,
    reason: 'mac-malformed',
  },
  {
    title: 'a MAC, and that it is unknown',
    head: `X-Metasteer-Client-MAC: unknown\r\n${WHO}X-Metasteer-Client-MAC: fa:16:3e:00:00:01\r\n`,
    reason: 'mac-malformed',
  },
  {
    title: 'that the MAC is unknown, twice',
    head: `${WHO}X-Metasteer-Client-MAC: unknown\r\nX-Metasteer-Client-MAC: unknown\r\n`,
    reason: 'mac-malformed',
  },
  ...['UNKNOWN', 'fa-16-3e-00-00-01', 'fa:16:3e:00:00:01, fa:16:3e:00:00:02', 'fa:16:3e:00:00:01:02', '*'].map(
    (mac) => ({
      title: `a MAC of ${mac}`,
      head: `${WHO}X-Metasteer-Client-MAC: ${mac}\r\n`,
      reason: 'mac-malformed' as const,
    }),
  ),
];

describe('nova is never asked, and nothing looked up, for', () => {
  for (const { title, head, reason } of identities) {
    test(title, async () => {
      const nova = await TestNova.start();
      const agent = await TestAgent.start([nova]);
      const reply = await agent.raw(`GET / HTTP/1.1\r\n${head}${CLOSE}`);
      assert.equal(statusOf(reply), 400);
      assert.ok(bodyOf(reply).startsWith(`${reason}: `), reply);
      assert.deepEqual([nova.got.length, agent.resolver.asked.length], [0, 0]);
      assert.deepEqual(agent.server.counters.byReason, { [reason]: 1 });
    });
  }

  test('an owner and an address of the client’s that come before a thousand other headers', async () => {
    const nova = await TestNova.start();
    const agent = await TestAgent.start([nova], 'limits: { head_size: 64KiB }');
    const forged = `X-OVN-Network-ID: ${NETWORK}\r\nX-Forwarded-For: 10.9.9.9\r\n`;
    const reply = await agent.raw(
      `GET / HTTP/1.1\r\n${forged}${'a: b\r\n'.repeat(3000)}X-OVN-Network-ID: ${ROUTER}\r\n${FOR}${CLOSE}`,
    );
    assert.equal(statusOf(reply), 400);
    assert.deepEqual([nova.got.length, agent.resolver.asked.length], [0, 0]);
  });
});

describe('the asker that is looked up', () => {
  const rows: readonly [title: string, head: string, asker: object, told: string][] = [
    ['of a router', WHO, { owner: { kind: 'router', id: ROUTER }, address: CLIENT }, CLIENT],
    [
      'of a network',
      `X-Neutron-Network-ID: ${NETWORK}\r\n${FOR}`,
      { owner: { kind: 'network', id: NETWORK }, address: CLIENT },
      CLIENT,
    ],
    [
      'of an OVN network, with an id in capitals',
      `X-OVN-NETWORK-ID: ${NETWORK.toUpperCase()}\r\n${FOR}`,
      { owner: { kind: 'ovn-network', id: NETWORK }, address: CLIENT },
      CLIENT,
    ],
    [
      'with an IPv4-mapped address, which nova gets as it came',
      `${ID}X-Forwarded-For: ::ffff:${CLIENT}\r\n`,
      { owner: { kind: 'router', id: ROUTER }, address: CLIENT },
      `::ffff:${CLIENT}`,
    ],
    [
      'with an IPv6 address in another spelling, which nova gets as it came',
      `${ID}X-Forwarded-For: 2001:DB8:0::1\r\n`,
      { owner: { kind: 'router', id: ROUTER }, address: '2001:db8::1' },
      '2001:DB8:0::1',
    ],
    [
      'with the MAC of its frames',
      `${WHO}X-Metasteer-Client-MAC: FA:16:3E:00:00:01\r\n`,
      { owner: { kind: 'router', id: ROUTER }, address: CLIENT, mac: 'fa:16:3e:00:00:01' },
      CLIENT,
    ],
  ];
  for (const [title, head, asker, told] of rows) {
    test(title, async () => {
      const nova = await TestNova.start();
      const agent = await TestAgent.start([nova]);
      agent.resolver.answer = () => ({ kind: 'found', instance: INSTANCE });
      assert.equal(statusOf(await agent.raw(`GET / HTTP/1.1\r\n${head}${CLOSE}`)), 200);
      assert.deepEqual(agent.resolver.asked, [asker]);
      assert.equal(nova.got[0]?.headers['x-forwarded-for'], told);
    });
  }
});

describe('an asker', () => {
  const rows: readonly [title: string, answer: TestAgent['resolver']['answer'], status: number, reason: string][] = [
    ['whom nobody knows', () => ({ kind: 'none' }), 404, 'instance-unknown'],
    ['who may be several', () => ({ kind: 'ambiguous', count: 2 }), 404, 'instance-ambiguous'],
    ['of whom nothing can be told', sourceDown, 503, 'source-failed'],
  ];
  for (const [title, answer, status, reason] of rows) {
    test(`${title} gets ${status}, and nova is not asked`, async () => {
      const nova = await TestNova.start();
      const agent = await TestAgent.start([nova]);
      agent.resolver.answer = answer;
      const reply = await agent.get('/');
      assert.equal(statusOf(reply), status);
      assert.ok(bodyOf(reply).startsWith(`${reason}: `), reply);
      assert.equal(/\r\nRetry-After: 1\r\n/.test(reply), status === 503);
      assert.equal(nova.got.length, 0);
    });
  }

  test('with another MAC than its instance’s gets 404, is counted, and is in the log with both', async () => {
    const nova = await TestNova.start();
    const agent = await TestAgent.start([nova], 'log: { access: errors }');
    const [mac, right] = ['02:00:00:00:00:01', 'fa:16:3e:00:00:0b'].map((text) => parseMacAddress(text));
    const instance = { ...INSTANCE, macs: right === undefined ? [] : [right] };
    agent.resolver.answer = () => ({ kind: 'mismatch', instance });
    for (let n = 0; n < 3; n++) {
      const reply = await agent.get('/', `X-Metasteer-Client-MAC: ${mac}\r\n`);
      assert.equal(statusOf(reply), 404);
      assert.ok(bodyOf(reply).startsWith('mac-mismatch: '), reply);
      for (const hidden of [right, INSTANCE.instanceId]) assert.ok(!reply.includes(String(hidden)), reply);
    }
    assert.equal(nova.got.length, 0);
    assert.deepEqual(agent.server.counters.byReason, { 'mac-mismatch': 3 });
    const about = { owner: ROUTER, owner_kind: 'router', client: CLIENT, mac, expected_macs: [right] };
    const lines = (msg: string) => agent.log.filter((line) => line['msg'] === msg);
    const pick = (line: Record<string, unknown> | undefined, keys: readonly string[]) =>
      Object.fromEntries(keys.map((key) => [key, line?.[key]]));
    const [warned, ...further] = lines('an address is used with a MAC that its instance does not have');
    assert.deepEqual(pick(warned, [...Object.keys(about), 'instance', 'level']), {
      ...about,
      instance: INSTANCE.instanceId,
      level: 40,
    });
    assert.deepEqual(further, [], 'one line for an owner in 10 s');
    const access = lines('request');
    assert.equal(access.length, 3);
    assert.deepEqual(pick(access[2], [...Object.keys(about), 'reason']), { ...about, reason: 'mac-mismatch' });
  });

  test('whose MAC the proxy does not know gets 503, and nothing is looked up: SYN cookies are no way around the check', async () => {
    const nova = await TestNova.start();
    const agent = await TestAgent.start([nova]);
    const reply = await agent.get('/', 'X-Metasteer-Client-MAC: unknown\r\n');
    assert.equal(statusOf(reply), 503);
    assert.ok(bodyOf(reply).startsWith('mac-unknown: '), reply);
    assert.match(reply, /\r\nRetry-After: 1\r\n/);
    assert.deepEqual([nova.got.length, agent.resolver.asked.length], [0, 0]);
    const [line] = agent.log.filter(({ msg }) => msg === 'request');
    assert.deepEqual([line?.['owner'], line?.['client'], line?.['reason']], [ROUTER, CLIENT, 'mac-unknown']);
  });

  test('whose look-up ends in a defect gets 500, and the log tells where it is', async () => {
    const nova = await TestNova.start();
    const agent = await TestAgent.start([nova]);
    agent.resolver.answer = () => {
      throw new TypeError('a defect');
    };
    assert.equal(statusOf(await agent.get('/')), 500);
    assert.match(agent.logText(), /TypeError: a defect/);
    assert.equal(nova.got.length, 0);
  });
});

describe('a request that is', () => {
  const rows: readonly (Bad & { readonly request: string })[] = [
    { title: 'not HTTP', head: '', request: 'hello\r\n\r\n', reason: 'request-malformed' },
    { title: 'of HTTP/2', head: '', request: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', reason: 'request-malformed' },
    { title: 'of an unknown method', head: '', request: `GIVE / HTTP/1.1\r\n${WHO}\r\n`, reason: 'request-malformed' },
    {
      title: 'of two lengths',
      head: '',
      request: `POST / HTTP/1.1\r\n${WHO}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`,
      reason: 'request-malformed',
    },
    {
      title: 'framed in two ways',
      head: '',
      request: `POST / HTTP/1.1\r\n${WHO}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      reason: 'request-malformed',
    },
    {
      title: 'larger in its head than allowed',
      head: '',
      request: `GET / HTTP/1.1\r\n${WHO}X: ${'x'.repeat(33_000)}\r\n\r\n`,
      reason: 'head-too-large',
      status: 431,
    },
    {
      title: 'larger in its body than allowed, by its length',
      head: '',
      request: `POST / HTTP/1.1\r\n${WHO}Content-Length: 65537\r\n\r\n`,
      reason: 'body-too-large',
      status: 413,
    },
    {
      title: 'larger in its body than allowed, by its chunks',
      head: '',
      request: `POST / HTTP/1.1\r\n${WHO}Transfer-Encoding: chunked\r\n\r\n10001\r\n${'x'.repeat(65_537)}\r\n`,
      reason: 'body-too-large',
      status: 413,
    },
  ];
  for (const { title, request, reason, status = 400 } of rows) {
    test(`${title} gets ${status} and the connection ends`, async () => {
      const nova = await TestNova.start();
      const agent = await TestAgent.start([nova]);
      const reply = await agent.raw(request);
      assert.equal(statusOf(reply), status, reply);
      assert.ok(bodyOf(reply).startsWith(`${reason}: `), reply);
      assert.match(reply, /\r\nConnection: close\r\n/);
      assert.equal(nova.got.length, 0);
      assert.equal(agent.server.counters.byReason[reason], 1);
    });
  }

  test('announced with another expectation gets 417', async () => {
    const nova = await TestNova.start();
    const agent = await TestAgent.start([nova]);
    assert.equal(statusOf(await agent.get('/', 'Expect: gold\r\n')), 417);
    assert.equal(nova.got.length, 0);
  });

  test('refused for its identity leaves the connection to the next', async () => {
    const agent = await TestAgent.start([await TestNova.start()]);
    const text = await agent.raw(`POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET / HTTP/1.1\r\n${WHO}${CLOSE}`);
    assert.deepEqual(
      responsesIn(text).map(({ status }) => status),
      [400, 200],
    );
  });
});

test('a proxy that leaves ends the request to nova', async () => {
  let ended: () => void = () => undefined;
  const novaSawEnd = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const nova = await TestNova.start((_, response) => void response.once('close', ended));
  const agent = await TestAgent.start([nova]);
  const client = await agent.open();
  await client.send(`GET /slow HTTP/1.1\r\n${WHO}\r\n`);
  while (nova.got.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  client.close();
  await novaSawEnd;
  while (agent.server.requestsOpen > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(agent.server.counters.byReason, { 'client-left': 1 });
  assert.deepEqual(agent.server.counters.byStatus, { 0: 1 });
  assert.equal(agent.nova.status().requestsOpen, 0);
});

test('of several requests on a connection that is lost, each is counted as ended', async () => {
  const nova = await TestNova.start(() => undefined);
  const agent = await TestAgent.start([nova]);
  const client = await agent.open();
  await client.send(`GET /1 HTTP/1.1\r\n${WHO}\r\nGET /2 HTTP/1.1\r\n${WHO}\r\n`);
  while (nova.got.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  client.close();
  while (agent.server.requestsOpen > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(agent.server.counters.byReason, { 'client-left': 2 });
  assert.equal(agent.nova.status().requestsOpen, 0);
});
