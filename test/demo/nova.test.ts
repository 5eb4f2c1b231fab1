import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NovaService, signInstanceId } from '../../src/demo/nova.ts';
import { INVENTORY } from './sample-inventory.ts';

const SECRET = Buffer.from('shared secret');
const [A, B] = INVENTORY;
assert(A !== undefined && B !== undefined);
const HEADERS_A = {
  'X-Instance-ID': A.uuid,
  'X-Tenant-ID': A.projectId,
  'X-Instance-ID-Signature': signInstanceId(SECRET, A.uuid),
};

let nova: NovaService;
before(async () => {
  nova = await NovaService.start({ inventory: INVENTORY, secret: SECRET });
});
after(() => nova.close());

function get(path: string, headers: Record<string, string> = HEADERS_A): Promise<Response> {
  return fetch(`${nova.url}${path}`, { headers });
}

const { 'X-Instance-ID': _id, ...withoutId } = HEADERS_A;
const { 'X-Tenant-ID': _tenant, ...withoutTenant } = HEADERS_A;
const { 'X-Instance-ID-Signature': _signature, ...withoutSignature } = HEADERS_A;
const UNKNOWN = 'eeeeeeee-0000-4000-8000-00000000000e';

const refusals: readonly (readonly [string, Record<string, string>, number])[] = [
  ['no X-Instance-ID', withoutId, 400],
  ['no X-Tenant-ID', withoutTenant, 400],
  ['no signature', withoutSignature, 400],
  ['a signature that is not hex', { ...HEADERS_A, 'X-Instance-ID-Signature': 'nonsense' }, 403],
  [
    'the signature of another instance',
    { ...HEADERS_A, 'X-Instance-ID-Signature': signInstanceId(SECRET, B.uuid) },
    403,
  ],
  [
    'a signature with another secret',
    { ...HEADERS_A, 'X-Instance-ID-Signature': signInstanceId(Buffer.from('x'), A.uuid) },
    403,
  ],
  [
    'an instance that does not exist',
    { ...HEADERS_A, 'X-Instance-ID': UNKNOWN, 'X-Instance-ID-Signature': signInstanceId(SECRET, UNKNOWN) },
    404,
  ],
  ['the project of somebody else', { ...HEADERS_A, 'X-Tenant-ID': B.projectId }, 404],
];

for (const [what, headers, status] of refusals) {
  test(`a request with ${what} is refused with ${status}`, async () => {
    const response = await get('/openstack/latest/meta_data.json', headers);
    assert.equal(response.status, status);
    assert.doesNotMatch(await response.text(), /instance-a|random_seed/);
  });
}

const documents: readonly (readonly [string, number, string | RegExp, string])[] = [
  ['/openstack', 200, /^2012-08-10\n.*\nlatest$/s, 'text/plain'],
  ['/openstack/latest', 200, /^meta_data\.json\nuser_data\n/, 'text/plain'],
  ['/openstack/latest/meta_data.json', 200, /"name":"instance-a"/, 'application/json'],
  ['/openstack/2018-08-27/meta_data.json?x=y', 200, /"project_id":"project-a"/, 'application/json'],
  ['/openstack/latest/vendor_data.json', 200, '{}', 'application/json'],
  ['/openstack/latest/network_data.json', 200, /fa:16:3e:00:00:0a/, 'text/plain'],
  ['/openstack/1999-01-01/meta_data.json', 404, /./, 'text/plain'],
  ['/openstack/latest/meta_data.json/', 200, /"uuid"/, 'application/json'],
  ['/openstack/latest/meta_data.json/more', 404, /./, 'text/plain'],
  ['/latest', 200, 'meta-data/\nuser-data', 'text/plain'],
  ['/latest/meta-data/', 200, /\ninstance-id\n.*\nplacement\/\n.*\npublic-keys\/\n/s, 'text/plain'],
  ['/latest/meta-data/instance-id', 200, 'i-0000000a', 'text/plain'],
  ['/2009-04-04/meta-data/hostname', 200, 'instance-a.novalocal', 'text/plain'],
  ['/latest/meta-data/local-ipv4', 200, '10.0.0.5', 'text/plain'],
  ['/latest/meta-data/public-ipv4', 200, '', 'text/plain'],
  ['/latest/meta-data/public-keys/', 200, '0=key-a', 'text/plain'],
  ['/latest/meta-data/public-keys/0/', 200, 'openssh-key', 'text/plain'],
  ['/latest/meta-data/public-keys/0/openssh-key', 200, /^ssh-ed25519 /, 'text/plain'],
  ['/latest/meta-data/constructor', 404, /./, 'text/plain'],
  ['/latest/api/token', 404, /./, 'text/plain'],
];

for (const [path, status, body, type] of documents) {
  test(`${path} is answered with ${status}`, async () => {
    const response = await get(path);
    const text = await response.text();
    assert.equal(response.status, status);
    assert.ok(response.headers.get('content-type')?.startsWith(type), `${response.headers.get('content-type')}`);
    if (typeof body === 'string') assert.equal(text, body);
    else assert.match(text, body);
  });
}

test('the list of EC2 versions is for anybody', async () => {
  const response = await get('/', {});
  assert.equal(response.status, 200);
  assert.match(await response.text(), /^1\.0\n/);
});

test('user data of 64 KiB comes whole and unchanged from both trees', async () => {
  for (const path of ['/latest/user-data', '/openstack/latest/user_data']) {
    const body = Buffer.from(await (await get(path)).arrayBuffer());
    assert.equal(body.length, 65_536);
    assert.ok(body.equals(Buffer.from(A.userData ?? [])));
  }
});

test('an instance without user data gets 404 for it', async () => {
  const headers = {
    'X-Instance-ID': B.uuid,
    'X-Tenant-ID': B.projectId,
    'X-Instance-ID-Signature': signInstanceId(SECRET, B.uuid),
  };
  assert.equal((await get('/latest/user-data', headers)).status, 404);
  assert.equal((await get('/openstack/latest/user_data', headers)).status, 404);
});

test('the random seed is fresh for every request', async () => {
  const seeds = await Promise.all(
    [1, 2].map(async () => {
      const { random_seed } = (await (await get('/openstack/latest/meta_data.json')).json()) as { random_seed: string };
      return random_seed;
    }),
  );
  assert.equal(Buffer.from(seeds[0] ?? '', 'base64').length, 512);
  assert.notEqual(seeds[0], seeds[1]);
});

test('a password is stored once, of at most 1020 bytes', async () => {
  const url = `${nova.url}/openstack/2013-04-04/password`;
  const post = (body: string) => fetch(url, { method: 'POST', body, headers: HEADERS_A });
  assert.equal(await (await get('/openstack/latest/password')).text(), '');
  assert.equal((await post('x'.repeat(1021))).status, 400);
  assert.equal((await post('x'.repeat(1020))).status, 200);
  assert.equal((await post('y')).status, 409);
  assert.equal(await (await get('/openstack/latest/password')).text(), 'x'.repeat(1020));
});
