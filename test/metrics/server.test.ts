import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { pino } from 'pino';
import { MetricsServer } from '../../src/metrics/server.ts';
import { shared } from '../../src/metrics/shared-look.ts';
import { freePort } from '../kit/free-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'metasteer-metrics-'));
after(() => rmSync(folder, { recursive: true }));
const socket = join(folder, 'metrics.sock');
const log = pino({ level: 'silent' });

async function ask(where: object, path = '/metrics', method = 'GET') {
  const asked = request({ ...where, path, method, agent: false });
  asked.end();
  const [response] = await once(asked, 'response');
  return { status: response.statusCode, type: response.headers['content-type'], body: await text(response) };
}

test('a look is shared by all who ask while it is under way, and made anew afterwards', async () => {
  let looks = 0;
  let finish = (_: number) => {};
  const look = shared(() => {
    looks += 1;
    return new Promise<number>((resolve) => {
      finish = resolve;
    });
  });
  const both = [look(), look()];
  finish(1);
  assert.deepEqual(await Promise.all(both), [1, 1]);
  const again = look();
  finish(2);
  assert.deepEqual([await again, looks], [2, 2]);
});

describe('the metrics server', () => {
  test('answers on its socket and its address, for those who may, and leaves no socket behind', async () => {
    const port = await freePort();
    const places = { socket, listen: { host: '127.0.0.1', port } };
    const server = await MetricsServer.listen(places, async () => 'm 1\n', log);
    for (const where of [{ socketPath: socket }, { host: '127.0.0.1', port }]) {
      const { status, type, body } = await ask(where);
      assert.deepEqual([status, body], [200, 'm 1\n']);
      assert.match(type, /^text\/plain; version=0\.0\.4/);
    }
    assert.equal(statSync(socket).mode & 0o777, 0o660);
    await server.close();
    assert.throws(() => statSync(socket), /ENOENT/);
    await assert.rejects(ask({ host: '127.0.0.1', port }), /ECONNREFUSED/);
  });

  test('has nothing else', async () => {
    const server = await MetricsServer.listen({ socket }, async () => 'm 1\n', log);
    assert.equal((await ask({ socketPath: socket }, '/')).status, 404);
    assert.equal((await ask({ socketPath: socket }, '/metrics', 'POST')).status, 405);
    assert.deepEqual(await ask({ socketPath: socket }, '/metrics?x=1').then(({ status }) => status), 200);
    assert.equal((await ask({ socketPath: socket }, '/metrics', 'HEAD')).body, '');
    await server.close();
  });

  test('says so when it cannot look, and looks again the next time', async () => {
    let fails = true;
    const collect = async () => {
      if (fails) throw new Error('secret details');
      return 'm 1\n';
    };
    const server = await MetricsServer.listen({ socket }, collect, log);
    const failed = await ask({ socketPath: socket });
    assert.equal(failed.status, 500);
    assert.doesNotMatch(failed.body, /secret/);
    fails = false;
    assert.equal((await ask({ socketPath: socket })).status, 200);
    await server.close();
  });

  test('does not start where somebody else listens, and has then nothing open', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const places = { socket, listen: { host: '127.0.0.1', port } };
    await assert.rejects(
      MetricsServer.listen(places, async () => '', log),
      { code: 'listen-failed', message: /EADDRINUSE/ },
    );
    assert.throws(() => statSync(socket), /ENOENT/);
    other.close();
  });
});
