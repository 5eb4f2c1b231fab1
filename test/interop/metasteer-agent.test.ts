/** The proxy and the agent, both of this project, one behind the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endAfterEach as endAgents, INSTANCE, TestAgent, TestNova } from '../agent/setup.ts';
import { endAfterEach as endWorkers, startWorker } from '../proxy/setup.ts';
import { OWNER, until } from '../proxy/worker.ts';

endWorkers();
endAgents();

const MAC = 'fa:16:3e:01:02:03';

test('the proxy keeps its connection to the agent, and tells it who asks and with which MAC', async () => {
  const nova = await TestNova.start((got, response) => void response.end(`${got.method} ${got.target} ${got.body}`));
  const agent = await TestAgent.start([nova]);
  agent.resolver.answer = () => ({ kind: 'found', instance: INSTANCE });
  const worker = await startWorker({ mac: MAC, agent: { socket: agent.socket, clientMac: true } });
  for (const path of ['/1', '/2', '/3']) {
    const reply = await worker.raw(
      `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Metasteer-Client-MAC: x\r\nConnection: close\r\n\r\n`,
    );
    assert.ok(reply.endsWith(`\r\n\r\nGET ${path} `), reply);
    await until(
      () => worker.proxy.status().agent.generation === 'keep-alive',
      'the agent is known to keep connections',
    );
  }
  assert.equal(agent.server.connections, 1);
  const asker = { owner: { kind: 'router', id: OWNER }, address: '127.0.0.1', mac: MAC };
  assert.deepEqual(agent.resolver.asked, [asker, asker, asker]);
});

test('a body in chunks, larger than older agents read, comes through both', async () => {
  const nova = await TestNova.start((got, response) => void response.end(`${got.headers['content-length']}`));
  const agent = await TestAgent.start([nova]);
  agent.resolver.answer = () => ({ kind: 'found', instance: INSTANCE });
  const worker = await startWorker({ agent: { socket: agent.socket } });
  const reply = await worker.raw(
    'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
    `2710\r\n${'x'.repeat(10_000)}\r\n`,
    '0\r\n\r\n',
  );
  assert.ok(reply.endsWith('\r\n\r\n10000'), reply);
});
