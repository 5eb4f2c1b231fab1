/** Boot storms against the faithful one-shot agent, whose listen backlog is 5: nobody is lost, refused, or taken for another. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OneShotAgent } from '../kit/agents.ts';
import { parseResponse, RawClient } from '../kit/raw-client.ts';
import { endAfterEach, startOneShot, startWorker } from '../proxy/setup.ts';
import { OWNER, until, type Worker } from '../proxy/worker.ts';

/** Threads of the agent and the time each takes for a request, as measured with real agents (contract.md 2.3, design D7). */
const AGENT_WORKERS = 4;
const WORK_SECONDS = 0.002;
/** A first boot with cloud-init: so many requests, each on a connection of its own (contract.md F6). */
const BOOT_REQUESTS = 28;
const PASSWORD = 'cGFzc3dvcmQ='.repeat(20);

/** A request of a boot: plain ones, one that the agent answers with an error, and a POST whose body comes late. */
interface Step {
  readonly segments: readonly string[];
  readonly target: string;
  readonly status: 200 | 404;
  readonly body: string;
}

function step(boot: number, index: number): Step {
  const line = 'Host: 169.254.169.254\r\nUser-Agent: Cloud-Init/22.4.2\r\nAccept: */*\r\nConnection: keep-alive\r\n';
  if (index === BOOT_REQUESTS - 1) {
    const target = `/openstack/2013-04-04/password?boot=${boot}`;
    const head = `POST ${target} HTTP/1.1\r\n${line}Content-Length: ${PASSWORD.length}\r\n\r\n`;
    return { segments: [head, PASSWORD], target, status: 200, body: PASSWORD };
  }
  const missing = index % 9 === 4;
  const target = `/${missing ? 'missing' : 'latest'}/${boot}/${index}`;
  return { segments: [`GET ${target} HTTP/1.1\r\n${line}\r\n`], target, status: missing ? 404 : 200, body: '' };
}

function addressOf(boot: number): string {
  return `127.1.${Math.floor(boot / 250)}.${(boot % 250) + 1}`;
}

/** Plays one request and says what is wrong with the answer; nothing when it is right. */
async function play(worker: Worker, boot: number, index: number): Promise<string[]> {
  const { segments, target, status, body } = step(boot, index);
  const client = await RawClient.open({ host: '127.0.0.1', port: worker.port(), localAddress: addressOf(boot) });
  try {
    await client.send(...segments);
    await client.until(({ state, text }) => state !== 'open' || parseResponse(text) !== undefined, 15_000);
    const response = parseResponse(client.text);
    const right = response?.status === status && (status === 404 || says(response.body, boot, target, body));
    return right ? [] : [`boot ${boot}, ${target}: ${client.text.slice(0, 200)}`];
  } catch (error) {
    return [`boot ${boot}, ${target}: ${error}`];
  } finally {
    client.close();
  }
}

function says(answer: string, boot: number, target: string, body: string): boolean {
  const said = JSON.parse(answer) as Readonly<Record<string, string>>;
  return (
    said['client'] === addressOf(boot) && said['id'] === OWNER && said['target'] === target && said['body'] === body
  );
}

async function boot(worker: Worker, number: number): Promise<string[]> {
  const wrong: string[] = [];
  for (let index = 0; index < BOOT_REQUESTS; index += 1) wrong.push(...(await play(worker, number, index)));
  return wrong;
}

/** Every request came to the agent, none of them twice, and the worker itself answered none. */
async function assertCarriedOut(worker: Worker, agent: OneShotAgent, requests: number): Promise<void> {
  // The agent tells what it received through a pipe: that may come after the answer.
  await until(() => agent.received.length >= requests, `${requests} requests received`);
  assert.equal(agent.received.length, requests);
  assert.equal(agent.unanswered, 0);
  assert.deepEqual(worker.refused(), {});
}

/** Numbers from 0 on. */
function count(size: number): number[] {
  return Array.from({ length: size }, (_, index) => index);
}

describe('a storm against an agent with a backlog of 5', () => {
  endAfterEach();

  test('300 clients at once with one request each, five times: every answer is there and right', async () => {
    const worker = await startWorker({ access: 'off' });
    const agent = await startOneShot(worker, AGENT_WORKERS, WORK_SECONDS);
    for (const round of count(5)) {
      const wrong = await Promise.all(count(300).map((client) => play(worker, client, round)));
      assert.deepEqual(wrong.flat(), []);
    }
    await assertCarriedOut(worker, agent, 5 * 300);
  });

  for (const boots of [20, 100, 300]) {
    test(`${boots} instances boot at once, ${BOOT_REQUESTS} requests each: every answer is there and right`, async () => {
      const worker = await startWorker({ access: 'off' });
      const agent = await startOneShot(worker, AGENT_WORKERS, WORK_SECONDS);
      const wrong = await Promise.all(count(boots).map((number) => boot(worker, number)));
      assert.deepEqual(wrong.flat(), []);
      await assertCarriedOut(worker, agent, boots * BOOT_REQUESTS);
    });
  }

  test('300 requests at once on an agent that serves one at a time are all answered', async () => {
    const worker = await startWorker({ access: 'off' });
    const agent = await startOneShot(worker, 1, WORK_SECONDS);
    const wrong = await Promise.all(count(300).map((client) => play(worker, client, 0)));
    assert.deepEqual(wrong.flat(), []);
    await assertCarriedOut(worker, agent, 300);
  });
});
