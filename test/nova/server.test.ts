import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { parseInventory } from '../../src/agent/inventory.ts';
import { NovaService } from '../../src/nova/server.ts';
import { ask } from './client.ts';
import { FULL, headersFor, PLAIN, PROJECT, SAMPLE, SECRET } from './sample.ts';

type Options = Partial<Parameters<typeof NovaService.start>[0]>;

async function withNova(options: Options, use: (nova: NovaService) => Promise<void>): Promise<void> {
  const nova = await NovaService.start({ inventory: SAMPLE, secret: Buffer.from(SECRET), ...options });
  try {
    await use(nova);
  } finally {
    await nova.close();
  }
}

describe('the service', () => {
  test('serves many requests on one connection, also after refusing one', () =>
    withNova({}, async (nova) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      let connections = 0;
      const create = agent.createConnection.bind(agent);
      agent.createConnection = (...given) => {
        connections++;
        return create(...given);
      };
      const paths = ['/latest', '/nothing', '/latest/meta-data/hostname/below', '/latest'];
      const statuses: number[] = [];
      for (const path of paths) statuses.push((await ask(nova.url, path, { agent })).status);
      agent.destroy();
      assert.deepEqual(statuses, [200, 404, 500, 200]);
      assert.equal(connections, 1);
    }));

  test('waits for no end of a body without end, and closes that connection', () =>
    withNova({}, async (nova) => {
      const head = ['POST /openstack/latest/password HTTP/1.1', 'Host: x', 'Content-Length: 99999999'];
      const identity = Object.entries(headersFor(FULL)).map(([name, value]) => `${name}: ${value}`);
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(nova.url).port) });
      // It may be closed while we still write.
      socket.on('error', () => undefined);
      let reply = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        reply += chunk;
      });
      socket.write(`${[...head, ...identity].join('\r\n')}\r\n\r\n`);
      socket.write('x'.repeat(1024 * 1024 + 1));
      await new Promise((resolve) => socket.once('close', resolve));
      assert.match(reply, /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(reply, /^connection: close\r$/im);
      assert.match(reply, /Request is too large\./);
    }));

  test('is the same for every method', () =>
    withNova({}, async (nova) => {
      for (const method of ['DELETE', 'POST', 'PATCH', 'OPTIONS']) {
        assert.equal((await ask(nova.url, '/latest/meta-data/instance-id', { method, body: '' })).text, 'i-0000002a');
      }
      assert.equal((await ask(nova.url, '/latest/api/token', { method: 'PUT', body: '' })).status, 404);
      assert.deepEqual((await ask(nova.url, '/latest', { method: 'HEAD' })).text, '');
    }));

  test('answers others while one waits for slow vendor data', async () => {
    const slow = parseInventory(
      `instances:
  - { id: ${FULL}, project: "${PROJECT}", ports: [], metadata: { vendor_data2_delay: 10m } }
  - { id: ${PLAIN}, project: "${PROJECT}", ports: [], metadata: { vendor_data2_delay: 1ms } }
`,
      'slow.yaml',
    );
    await withNova({ inventory: slow }, async (nova) => {
      const path = '/openstack/latest/vendor_data2.json';
      const waiting = assert.rejects(ask(nova.url, path));
      assert.equal((await ask(nova.url, path, { headers: headersFor(PLAIN) })).text, '{"static":{}}');
      assert.equal((await ask(nova.url, '/openstack/latest/vendor_data.json')).text, '{}');
      await nova.close();
      await waiting;
    });
  });

  test('takes at least its delay for every request, and refusals, too', () =>
    withNova({ delayMs: 50 }, async (nova) => {
      for (const path of ['/', '/latest', '/nothing']) {
        const start = process.hrtime.bigint();
        await ask(nova.url, path);
        // Timers count whole milliseconds, and may begin just before one ends.
        assert.ok(process.hrtime.bigint() - start >= 49_000_000n, path);
      }
    }));

  test('says where it listens, on IPv6 too', () =>
    withNova({ listen: { host: '::1', port: 0 } }, async (nova) => {
      assert.match(nova.url, /^http:\/\/\[::1\]:\d+$/);
    }));

  test('says that it cannot listen', () =>
    withNova({}, async (nova) => {
      const { hostname, port } = new URL(nova.url);
      const second = NovaService.start({
        ...{ inventory: SAMPLE, secret: Buffer.from(SECRET), listen: { host: hostname, port: Number(port) } },
      });
      await assert.rejects(second, { code: 'listen-failed', message: /EADDRINUSE/ });
    }));
});

describe('over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'metasteer-nova-'));
  after(() => rmSync(folder, { recursive: true }));
  const server = selfSigned('server', '/CN=localhost');
  const client = selfSigned('client', '/CN=agent');

  function selfSigned(name: string, subject: string): { readonly cert: Buffer; readonly key: Buffer } {
    const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const names = ['-subj', subject, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...names], { stdio: 'pipe' });
    return { cert: readFileSync(cert), key: readFileSync(key) };
  }

  function askTls(url: string, own: { readonly cert?: Buffer; readonly key?: Buffer } = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { ca: server.cert, headers: headersFor(FULL), agent: false as const, ...own };
      tlsRequest(`${url}/latest/meta-data/instance-id`, options, (response) => resolve(text(response)))
        .once('error', reject)
        .end();
    });
  }

  test('it serves who trusts its certificate', () =>
    withNova({ tls: server }, async (nova) => {
      assert.match(nova.url, /^https:/);
      assert.equal(await askTls(nova.url), 'i-0000002a');
    }));

  test('with an authority for clients it serves only those with a certificate of it', () =>
    withNova({ tls: { ...server, clientCa: client.cert } }, async (nova) => {
      assert.equal(await askTls(nova.url, client), 'i-0000002a');
      await assert.rejects(askTls(nova.url));
      await assert.rejects(askTls(nova.url, server));
      assert.equal(await askTls(nova.url, client), 'i-0000002a');
    }));

  test('it says what is wrong with its certificate, without showing the key', async () => {
    const tls = { cert: 'no certificate', key: server.key };
    const started = NovaService.start({ inventory: SAMPLE, secret: Buffer.from(SECRET), tls });
    await assert.rejects(started, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'tls-files');
      assert.doesNotMatch(error.message, /PRIVATE/);
      return true;
    });
  });
});
