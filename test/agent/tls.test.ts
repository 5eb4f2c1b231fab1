import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { json, ScriptedServer } from '../../bench/agent/openstack.ts';
import { ApiClient } from '../../src/agent/api-client.ts';
import { connectionOptionsOf, type TlsOptions } from '../../src/agent/tls-options.ts';
import { MetasteerError } from '../../src/errors.ts';
import { makeAuthority, makeCertificate, type Pair } from '../kit/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'metasteer-tls-'));
const authority = makeAuthority(folder, 'authority');
const stranger = makeAuthority(folder, 'stranger');
const server = makeCertificate(folder, 'server', authority);
const client = makeCertificate(folder, 'client', authority);
const strangeClient = makeCertificate(folder, 'strange-client', stranger);
let plain: ScriptedServer;
let demanding: ScriptedServer;

before(async () => {
  const own = { cert: readFileSync(server.cert), key: readFileSync(server.key) };
  plain = await ScriptedServer.start(() => json(200, {}), own);
  const demands = { ca: readFileSync(authority.cert), requestCert: true, rejectUnauthorized: true };
  demanding = await ScriptedServer.start(() => json(200, {}), { ...own, ...demands });
});
after(async () => {
  await Promise.all([plain.close(), demanding.close()]);
  rmSync(folder, { recursive: true });
});

async function ask(of: ScriptedServer, tls: TlsOptions): Promise<number> {
  const api = new ApiClient({ name: 'Neutron', origin: of.url, tls, connections: 1, timeoutMs: 5000 });
  try {
    return (await api.ask({ method: 'GET', path: '/' })).status;
  } finally {
    await api.close();
  }
}

const ca = { caFile: authority.cert };
const shows = ({ cert, key }: Pair): TlsOptions => ({ clientCert: cert, clientKey: key });

describe('a server’s certificate', () => {
  test('of the authority given is accepted', async () => {
    assert.equal(await ask(plain, ca), 200);
  });
  test('of an authority that nobody knows is refused', async () => {
    await assert.rejects(ask(plain, {}), { name: 'SourceError', message: /Neutron at https:.*certificate/ });
    assert.equal(plain.asked.length, 1);
  });
  test('of another authority than the one given is refused', async () => {
    await assert.rejects(ask(plain, { caFile: stranger.cert }), { name: 'SourceError', message: /certificate/ });
  });
  test('for another host is refused', async () => {
    const api = new ApiClient({
      name: 'Neutron',
      origin: plain.url.replace('127.0.0.1', 'localhost'),
      tls: ca,
      connections: 1,
      timeoutMs: 5000,
    });
    await assert.rejects(api.ask({ method: 'GET', path: '/' }), {
      name: 'SourceError',
      message: /does not match|altnames/,
    });
    await api.close();
  });
  test('of whomever is accepted with insecure', async () => {
    assert.equal(await ask(plain, { insecure: true }), 200);
  });
});

describe('a client’s certificate', () => {
  test('that the server accepts is shown', async () => {
    assert.equal(await ask(demanding, { ...ca, ...shows(client) }), 200);
  });
  test('and its key may be in one file', async () => {
    const both = join(folder, 'both.pem');
    writeFileSync(both, readFileSync(client.cert, 'utf8') + readFileSync(client.key, 'utf8'));
    assert.equal(await ask(demanding, { ...ca, clientCert: both }), 200);
  });
  test('that is missing is an error where one is demanded', async () => {
    await assert.rejects(ask(demanding, ca), { name: 'SourceError' });
  });
  test('of another authority is an error where one is demanded', async () => {
    await assert.rejects(ask(demanding, { ...ca, ...shows(strangeClient) }), { name: 'SourceError' });
  });
});

describe('files of TLS', () => {
  const garbage = join(folder, 'garbage.pem');
  before(() => writeFileSync(garbage, 'no certificate, but a secret'));
  const wrong: readonly [what: string, options: TlsOptions, message: RegExp][] = [
    ['a file that is not there', { caFile: '/nowhere/ca.pem' }, /ENOENT.*\/nowhere\/ca\.pem/],
    ['an authority that is none', { caFile: garbage }, /garbage\.pem is no certificate/],
    ['a certificate that is none', { clientCert: garbage }, /garbage\.pem is no certificate/],
    ['a key that is none', { clientCert: client.cert, clientKey: garbage }, /garbage\.pem: /],
    ['the key of another certificate', { clientCert: client.cert, clientKey: server.key }, /server\.key: .*mismatch/],
    ['a certificate without its key', { clientCert: client.cert }, /client\.crt: /],
    ['a key without a certificate', { clientKey: client.key }, /client\.key has no certificate/],
  ];
  for (const [what, options, message] of wrong) {
    test(`with ${what} are refused at once, by name and without content`, () => {
      assert.throws(
        () => connectionOptionsOf(options),
        (error) => {
          assert.ok(error instanceof MetasteerError && error.code === 'tls-files');
          assert.match(error.message, message);
          assert.ok(!error.message.includes('secret'));
          return true;
        },
      );
    });
  }
});
