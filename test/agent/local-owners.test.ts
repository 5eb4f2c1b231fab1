import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import { LocalOwners } from '../../src/agent/local-owners.ts';
import { MetasteerError } from '../../src/errors.ts';
import { parseOwnerId } from '../../src/identity/owner-id.ts';
import { CLIENT, endAfterEach, NETWORK, ROUTER, statusOf, TestAgent, TestNova } from './setup.ts';

endAfterEach();

const silent = pino({ level: 'silent' });
const id = parseOwnerId(ROUTER);
assert.ok(id);

describe('the owners of a node', () => {
  test('are all, where nobody says which', () => {
    const owners = new LocalOwners(silent);
    assert.deepEqual([owners.has({ kind: 'router', id }), owners.count], [true, undefined]);
  });

  test('are those that the daemon names, and of no other kind', () => {
    const owners = new LocalOwners(silent);
    assert.equal(owners.take({ owners: [`router/${ROUTER}`] }), 1);
    assert.deepEqual([owners.has({ kind: 'router', id }), owners.has({ kind: 'network', id })], [true, false]);
    owners.take({ owners: [] });
    assert.deepEqual([owners.has({ kind: 'router', id }), owners.count], [false, 0]);
  });

  test('are all again, when the daemon has said nothing for a minute', () => {
    let now = 0;
    const owners = new LocalOwners(silent, () => now);
    owners.take({ owners: [] });
    now = 60_000;
    assert.equal(owners.has({ kind: 'router', id }), false);
    now = 60_001;
    assert.equal(owners.has({ kind: 'router', id }), true);
  });

  for (const [what, given] of [
    ['nothing', undefined],
    ['no list', { owners: 'all' }],
    ['a number', { owners: [1] }],
    ['a UUID alone', { owners: [ROUTER] }],
    ['a kind that there is not', { owners: [`root/${ROUTER}`] }],
    ['a UUID in capitals', { owners: [`router/AAAAAAAA-0000-4000-8000-00000000000A`] }],
    ['one part more', { owners: [`router/${ROUTER}/x`] }],
    ['more than a node can have', { owners: new Array(65_537).fill(`router/${ROUTER}`) }],
  ] as const) {
    test(`stay what they were when ${what} is given`, () => {
      const owners = new LocalOwners(silent);
      owners.take({ owners: [] });
      assert.throws(
        () => owners.take(given),
        (error) => error instanceof MetasteerError && error.code === 'config-invalid-value',
      );
      assert.equal(owners.count, 0);
    });
  }
});

test('a request for an owner that is not on the node gets 503, and nova is not asked', async () => {
  const nova = await TestNova.start();
  const agent = await TestAgent.start([nova]);
  const ask = (owner: string) =>
    agent.raw(`GET / HTTP/1.1\r\n${owner}\r\nX-Forwarded-For: ${CLIENT}\r\nConnection: close\r\n\r\n`);
  agent.owners.take({ owners: [`router/${ROUTER}`] });
  const refused = await ask(`X-Neutron-Network-ID: ${NETWORK}`);
  assert.equal(statusOf(refused), 503);
  assert.match(refused, /Retry-After: 1\r\n[\s\S]*owner-elsewhere/);
  assert.equal(nova.got.length, 0);
  assert.equal(statusOf(await ask(`X-Neutron-Router-ID: ${ROUTER}`)), 200);
});
