import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { signInstanceId } from '../../src/nova/authenticate.ts';
import { NovaService } from '../../src/nova/server.ts';
import { ask } from './client.ts';
import { FULL, headersFor, PLAIN, SAMPLE, SECRET } from './sample.ts';

let nova: NovaService;
before(async () => {
  nova = await NovaService.start({ inventory: SAMPLE, secret: Buffer.from(SECRET) });
});
after(() => nova.close());

const UNKNOWN = 'eeeeeeee-0000-4000-8000-00000000000e';
const sign = (id: string, secret = SECRET) => signInstanceId(Buffer.from(secret), id);
const provider = { 'X-Metadata-Provider': 'lb' };
const signed = { ...provider, 'X-Metadata-Provider-Signature': sign('lb') };

type Changes = Readonly<Record<string, string | undefined>>;
const missing = (name: string) => `${name} header is missing from request.`;
const WRONG = 'Invalid proxy request signature.';
const NONE = 'The resource could not be found.';

/** One thing changed in the headers of an agent. */
const cases: readonly (readonly [title: string, changes: Changes, status: number, message?: string])[] = [
  ['nothing changed', {}, 200],
  ['no X-Forwarded-For', { 'X-Forwarded-For': undefined }, 200],
  ['no X-Instance-ID', { 'X-Instance-ID': undefined }, 400, missing('X-Instance-ID')],
  ['no signature', { 'X-Instance-ID-Signature': undefined }, 400, missing('X-Instance-ID-Signature')],
  ['no X-Tenant-ID', { 'X-Tenant-ID': undefined }, 400, missing('X-Tenant-ID')],
  [
    'neither signature nor X-Tenant-ID',
    { 'X-Instance-ID-Signature': undefined, 'X-Tenant-ID': undefined },
    400,
    missing('X-Instance-ID-Signature'),
  ],
  ['an empty X-Instance-ID', { 'X-Instance-ID': '' }, 403, WRONG],
  ['an empty signature', { 'X-Instance-ID-Signature': '' }, 403, WRONG],
  ['a short signature', { 'X-Instance-ID-Signature': sign(FULL).slice(1) }, 403, WRONG],
  ['a signature in upper case', { 'X-Instance-ID-Signature': sign(FULL).toUpperCase() }, 403, WRONG],
  ['a signature with its last digit changed', { 'X-Instance-ID-Signature': `${sign(FULL).slice(0, -1)}x` }, 403, WRONG],
  ['the signature of another instance', { 'X-Instance-ID-Signature': sign(PLAIN) }, 403, WRONG],
  ['a signature with another secret', { 'X-Instance-ID-Signature': sign(FULL, 'guessed') }, 403, WRONG],
  ['a signature that is not ASCII', { 'X-Instance-ID-Signature': 'ä'.repeat(64) }, 403, WRONG],
  ['another instance', { 'X-Instance-ID': PLAIN }, 403, WRONG],
  ['an unknown instance', { 'X-Instance-ID': UNKNOWN }, 403, WRONG],
  ['an unknown instance, signed', { 'X-Instance-ID': UNKNOWN, 'X-Instance-ID-Signature': sign(UNKNOWN) }, 404, NONE],
  ['the project of somebody else', { 'X-Tenant-ID': 'other' }, 404, NONE],
  ['an empty project', { 'X-Tenant-ID': '' }, 404, NONE],
  ['an empty provider', { 'X-Metadata-Provider': '' }, 200],
  ['a provider', provider, 403, WRONG],
  [
    'a provider without X-Forwarded-For',
    { ...provider, 'X-Forwarded-For': undefined },
    400,
    'X-Forwarded-For is missing from request.',
  ],
  ['a provider, signed', signed, 400, 'Could not find any subnets for provider lb'],
];

describe('a request is answered by its headers:', () => {
  for (const [title, changes, status, message] of cases) {
    test(`${title} is ${status}`, async () => {
      const reply = await ask(nova.url, '/latest/meta-data/instance-id', { headers: headersFor(FULL, changes) });
      const [line, , said] = reply.text.split('\n');
      assert.equal(reply.status, status);
      if (status === 200) assert.equal(reply.text, 'i-0000002a');
      else assert.deepEqual([line?.slice(0, 3), said], [String(status), message]);
    });
  }

  test('two instances, each signed, are 403', async () => {
    const headers = { ...headersFor(FULL), 'X-Instance-ID': `${FULL},${PLAIN}` };
    assert.equal((await ask(nova.url, '/latest', { headers })).status, 403);
  });

  test('the root alone is for anybody', async () => {
    for (const path of ['/', '/x/..', '/?x=y', '///']) {
      assert.equal((await ask(nova.url, path, { headers: {} })).status, 200, path);
    }
    for (const path of ['/ec2', '/openstack', '/latest', '//']) {
      assert.equal((await ask(nova.url, path, { headers: {} })).status, 400, path);
    }
  });
});

describe('the page of a refusal', () => {
  const pages: readonly (readonly [accept: string | undefined, type: string, body: RegExp])[] = [
    [undefined, 'text/plain; charset=UTF-8', /^404 Not Found\n\n/],
    ['text/plain', 'text/plain; charset=UTF-8', /^404 Not Found\n\n/],
    ['*/*', 'text/html; charset=UTF-8', /<h1>404 Not Found<\/h1>/],
    ['application/xml, text/html;q=0.9', 'text/html; charset=UTF-8', /<h1>404 Not Found<\/h1>/],
    ['application/json', 'application/json', /^{"message":.*"code":"404 Not Found"/],
  ];
  for (const [accept, type, body] of pages) {
    test(`for a client that accepts ${accept ?? 'it does not say what'} is ${type}`, async () => {
      const reply = await ask(nova.url, '/nothing', { headers: headersFor(FULL, { Accept: accept }) });
      assert.deepEqual([reply.status, reply.type], [404, type]);
      assert.match(reply.text, body);
    });
  }

  test('has nothing of the client in it that HTML could take for its own', async () => {
    const name = '<script>&"';
    const changes = { 'X-Metadata-Provider': name, 'X-Metadata-Provider-Signature': sign(name), Accept: '*/*' };
    const { text } = await ask(nova.url, '/latest', { headers: headersFor(FULL, changes) });
    assert.match(text, /provider &lt;script&gt;&amp;&quot;<br/);
  });
});
