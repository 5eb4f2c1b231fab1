import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { identify } from '../../src/agent/asker.ts';
import type { NovaReply } from '../../src/agent/nova-reply.ts';
import { ResponseCache } from '../../src/agent/response-cache.ts';
import { CLIENT, endAfterEach, INSTANCE, OTHER_INSTANCE, ROUTER, statusOf, TestAgent, TestNova } from './setup.ts';

endAfterEach();

const SETTINGS = { enabled: true, ttlMs: 60_000, entries: 100, bytes: 1_000_000 };
const STATIC = '/latest/meta-data/instance-id';

function who(address = CLIENT) {
  return identify(['X-Neutron-Router-ID', ROUTER, 'X-Forwarded-For', address]);
}

function reply(body: string, status = 200): NovaReply {
  return { head: { status, lines: [] }, body: Buffer.from(body) };
}

describe('replies are kept for', () => {
  const kept = [
    '/',
    '/openstack',
    '/openstack/',
    '/openstack/latest',
    '/openstack/2018-08-27/',
    '/openstack/latest/user_data',
    '/openstack/2015-10-15/network_data.json',
    '/openstack/latest/vendor_data.json',
    '/latest',
    '/1.0/user-data',
    '/2009-04-04/user-data',
    '/latest/meta-data',
    '/latest/meta-data/',
    '/latest/meta-data/public-keys/0/openssh-key',
    '/latest/meta-data/local-ipv4',
  ];
  for (const path of kept) {
    test(path, () => assert.ok(new ResponseCache(SETTINGS).keyOf('GET', path, who(), INSTANCE)));
  }
});

describe('replies are never kept for', () => {
  const never: readonly [method: string, path: string][] = [
    ['GET', '/openstack/latest/meta_data.json'],
    ['GET', '/openstack/latest/meta_data.json/'],
    ['GET', '/openstack/latest/password'],
    ['GET', '/openstack/2013-04-04/password'],
    ['GET', '/openstack/latest/vendor_data2.json'],
    ['GET', '/openstack/content/0000'],
    ['GET', '/latest/api/token'],
    ['GET', '/latest/meta-data/../../openstack/latest/password'],
    ['GET', '/latest/meta-data/./instance-id'],
    ['GET', '/latest/meta-data//instance-id'],
    ['GET', '//latest/meta-data'],
    ['GET', '/latest/meta-data/%2e%2e/x'],
    ['GET', '/openstack/latest/user_data?x'],
    ['GET', '/openstack/latest/user_dat%61'],
    ['GET', '/openstack/LATEST/user_data'],
    ['HEAD', STATIC],
    ['POST', STATIC],
    ['PUT', STATIC],
  ];
  for (const [method, path] of never) {
    test(`${method} ${path}`, () =>
      assert.equal(new ResponseCache(SETTINGS).keyOf(method, path, who(), INSTANCE), undefined));
  }

  test('anything when it is off', () => {
    assert.equal(new ResponseCache({ ...SETTINGS, enabled: false }).keyOf('GET', STATIC, who(), INSTANCE), undefined);
  });
});

test('no two of instance, project, address as it was sent, and path have one key', () => {
  const cache = new ResponseCache(SETTINGS);
  const instances = [
    INSTANCE,
    OTHER_INSTANCE,
    { ...INSTANCE, projectId: OTHER_INSTANCE.projectId },
    { instanceId: `${INSTANCE.instanceId}","x`, projectId: INSTANCE.projectId },
  ];
  const keys = instances.flatMap((instance) =>
    [CLIENT, `::ffff:${CLIENT}`, '10.0.0.55'].flatMap((address) =>
      ['/latest', '/latest/', STATIC].map((path) => cache.keyOf('GET', path, who(address), instance)),
    ),
  );
  assert.equal(new Set(keys).size, keys.length);
});

describe('a cache', () => {
  test('gives what was put, and counts it', () => {
    const cache = new ResponseCache(SETTINGS);
    cache.put('a', reply('x'));
    assert.equal(cache.get('a')?.body.toString(), 'x');
    assert.equal(cache.get('b'), undefined);
    assert.equal(cache.hits, 1);
  });

  for (const status of [204, 206, 301, 400, 403, 404, 500, 503]) {
    test(`keeps no ${status}`, () => {
      const cache = new ResponseCache(SETTINGS);
      cache.put('a', reply('x', status));
      assert.equal(cache.size, 0);
    });
  }

  test('gives nothing that is too old', async () => {
    const cache = new ResponseCache({ ...SETTINGS, ttlMs: 1 });
    cache.put('a', reply('x'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual([cache.get('a'), cache.size, cache.bytes], [undefined, 0, 0]);
  });

  test('drops what was used longest ago when there are too many', () => {
    const cache = new ResponseCache({ ...SETTINGS, entries: 2 });
    for (const key of ['a', 'b']) cache.put(key, reply(key));
    cache.get('a');
    cache.put('c', reply('c'));
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => cache.get(key)?.body.toString()),
      ['a', undefined, 'c'],
    );
  });

  test('holds no more bytes than it may, and nothing that is larger by itself', () => {
    const cache = new ResponseCache({ ...SETTINGS, bytes: 10_000 });
    for (let count = 0; count < 50; count += 1) {
      cache.put(`${count}`, reply('x'.repeat(1000)));
      assert.ok(cache.bytes <= 10_000);
    }
    assert.ok(cache.size > 3);
    const before = cache.size;
    cache.put('large', reply('x'.repeat(10_000)));
    assert.deepEqual([cache.size, cache.get('large')], [before, undefined]);
  });
});

describe('an agent with a cache', () => {
  test('asks nova once for what stays the same, and each time for what does not', async () => {
    let count = 0;
    const nova = await TestNova.start((_, response) => void response.end(`${count++}`));
    const agent = await TestAgent.start([nova], 'response_cache: { enabled: true, ttl: 60s }');
    for (const path of [STATIC, STATIC, '/openstack/latest/meta_data.json', '/openstack/latest/meta_data.json'])
      assert.equal(statusOf(await agent.get(path)), 200);
    assert.deepEqual(
      nova.got.map(({ target }) => target),
      [STATIC, '/openstack/latest/meta_data.json', '/openstack/latest/meta_data.json'],
    );
    assert.equal(agent.server.cache.hits, 1);
  });

  test('gives nobody what another got, not even at the same address of the same router', async () => {
    const nova = await TestNova.start((got, response) => void response.end(got.headers['x-instance-id']));
    const agent = await TestAgent.start([nova], 'response_cache: { enabled: true, ttl: 60s }');
    const bodies: string[] = [];
    for (const instance of [INSTANCE, OTHER_INSTANCE, INSTANCE]) {
      agent.resolver.answer = () => ({ kind: 'found', instance });
      bodies.push((await agent.get(STATIC)).split('\r\n\r\n')[1] ?? '');
    }
    assert.deepEqual(
      bodies,
      [INSTANCE, OTHER_INSTANCE, INSTANCE].map(({ instanceId }) => instanceId),
    );
  });
});

test('an agent without one asks nova each time', async () => {
  const nova = await TestNova.start();
  const agent = await TestAgent.start([nova]);
  for (const _ of [1, 2]) await agent.get(STATIC);
  assert.equal(nova.got.length, 2);
});
