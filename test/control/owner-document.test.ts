import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { adminRoutes } from '../../src/control/admin.ts';
import { ownerDocument } from '../../src/control/owner-document.ts';
import { type Owner, parseOwnerId } from '../../src/identity/owner-id.ts';

const ID = '7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f';
const id = parseOwnerId(ID);
assert.ok(id);
const owner: Owner = { kind: 'router', id };
const agent = 'agent: { socket: /run/agent.sock }\n';
const none = { ports: [], attaching: [], failed: [], drained: [] };
const one = [{ owner }];

describe('whether Neutron need not start a haproxy:', () => {
  const cases: readonly [title: string, yaml: string, known: object, serves: boolean, state: string][] = [
    ['a router that is steered', '', { ports: one }, true, 'steering'],
    ['one with an interface that is being attached', '', { ports: one, attaching: one }, true, 'attaching'],
    ['one whose interface was not seen yet, or is a backup', '', {}, true, 'not-seen'],
    ['one with an interface that failed', '', { ports: one, attaching: one, failed: one }, false, 'failed'],
    ['one with an interface that is drained', '', { ports: one, drained: one }, false, 'drained'],
    ['one that is excluded', `discovery: { exclude: [${ID}] }`, {}, false, 'left-out'],
    ['one that is not included', 'discovery: { include: [] }', {}, false, 'left-out'],
    [
      'one that is not included, but listed',
      `discovery: { include: [] }\nports: [{ namespace: n, interface: i, owner: ${ID.toUpperCase()} }]`,
      { ports: one },
      true,
      'steering',
    ],
  ];
  for (const [title, yaml, known, serves, state] of cases) {
    test(title, () => {
      const config = parseConfig(agent + yaml, 'test.yaml');
      assert.deepEqual(ownerDocument(id, config, { ...none, ...known }), { owner: ID, serves, state });
    });
  }
});

test('an owner that is no UUID is a mistake of who asks', () => {
  const route = adminRoutes({} as never).find(({ path }) => path.test(`/v1/owners/${ID}`));
  assert.ok(route);
  assert.throws(() => route.act('-'.repeat(36), async () => undefined, {} as never), {
    code: 'config-invalid-value',
  });
});
