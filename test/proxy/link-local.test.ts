// Needs root: a network namespace of its own, for a link-local address on the loopback interface.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RawClient } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import { until } from './worker.ts';

const INSIDE = 'METASTEER_TEST_LINK_LOCAL';
const ADDRESS = 'fe80::1%lo';
const SET_UP = 'ip link set lo up && ip -6 addr add fe80::1/64 dev lo nodad && exec "$0" "$1"';
const GET = 'GET / HTTP/1.1\r\nHost: [fe80::a9fe:a9fe%lo]\r\nConnection: close\r\n\r\n';

if (process.env[INSIDE] === undefined) {
  describe('link-local clients', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
    test('are served and refused as they should be', () => {
      const { NODE_TEST_CONTEXT: _ours, ...outer } = process.env;
      const env = { ...outer, [INSIDE]: '1' };
      const inside = ['-n', 'sh', '-c', SET_UP, process.execPath, fileURLToPath(import.meta.url)];
      const { status, stdout } = spawnSync('unshare', inside, { env, encoding: 'utf8' });
      assert.equal(status, 0, stdout);
    });
  });
} else {
  endAfterEach();

  test('a link-local client is told to the agent by the EUI-64 of its MAC', async () => {
    const worker = await startWorker({ mac: 'fa:16:3e:01:02:03', host: ADDRESS });
    const agent = await startKeepAlive(worker);
    const client = await RawClient.open({ host: ADDRESS, port: worker.port() });
    await client.send(GET);
    await client.untilClosed();
    assert.match(client.text, /^HTTP\/1.1 200 /);
    assert.deepEqual(agent.received[0]?.values('x-forwarded-for'), ['fe80::f816:3eff:fe01:203']);
    assert.equal(worker.log[0]?.['mac'], 'fa:16:3e:01:02:03');
  });

  test('a link-local client whose MAC is unknown is reset, not answered, and counted', async () => {
    const worker = await startWorker({ host: ADDRESS });
    const agent = await startKeepAlive(worker);
    // The reset may come so soon that connecting itself is what fails.
    await assert.rejects(
      async () => {
        const client = await RawClient.open({ host: ADDRESS, port: worker.port() });
        await client.send(GET);
        await client.untilClosed();
        assert.equal(client.text, '');
        if (client.state === 'reset') throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
      },
      { code: 'ECONNRESET' },
    );
    await until(() => worker.refused()['client-unidentified'] === 1, 'counted');
    assert.equal(agent.received.length, 0);
    assert.equal(worker.proxy.status().connections, 0);
  });
}
