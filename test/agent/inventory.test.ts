import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseInventory } from '../../src/agent/inventory.ts';

const ID = 'AAAAAAAA-0000-4000-8000-000000000001';
const ROUTER = '99999999-0000-4000-8000-000000000001';
const instance = (rest: string) => `instances:\n  - id: ${ID}\n    ${rest}\n`;
const port = (rest: string) => instance(`project: p\n    ports:\n      - ${rest}`);

test('an inventory is read in the forms that all else uses', () => {
  const text = port(
    `router: ${ROUTER}\n        addresses: ["::ffff:10.0.0.5", "FD00:0::5"]\n        mac: FA:16:3E:00:00:0B`,
  );
  assert.deepEqual(parseInventory(text, 'inventory.yaml'), {
    instances: [
      {
        id: ID.toLowerCase(),
        project: 'p',
        ports: [{ router: ROUTER, addresses: ['10.0.0.5', 'fd00::5'], mac: 'fa:16:3e:00:00:0b' }],
      },
    ],
  });
});

describe('what is wrong with an inventory is told with file, line and key:', () => {
  const cases: readonly (readonly [title: string, text: string, message: RegExp])[] = [
    ['nothing', '', /^inventory\.yaml:1: the file: /],
    ['no YAML', 'instances: [', /^inventory\.yaml:1: /],
    ['a key twice', 'instances: []\ninstances: []\n', /^inventory\.yaml:2: Map keys must be unique/],
    [
      'an unknown key',
      instance('project: p\n    ports: []\n    colour: red'),
      /:2: instances\[0\]: Unrecognized key: "colour"/,
    ],
    [
      'a project that YAML reads as a number',
      instance('project: 1111\n    ports: []'),
      /:3: instances\[0\]\.project: .*quote/,
    ],
    ['no project', instance('ports: []'), /:2: instances\[0\]\.project: /],
    [
      'an id that is no UUID',
      'instances:\n  - id: one\n    project: p\n    ports: []\n',
      /:2: instances\[0\]\.id: expected a UUID$/,
    ],
    [
      'a port of nobody',
      port('addresses: [10.0.0.5]'),
      /:5: instances\[0\]\.ports\[0\]: one of router, network, ovn_network/,
    ],
    [
      'an address with a zone',
      port(`router: ${ROUTER}\n        addresses:\n          - fe80::1%eth0`),
      /:7: .*addresses\[0\]: expected an IP/,
    ],
    ['an owner that is no UUID', port('router: r1\n        addresses: [10.0.0.5]'), /:5: .*\.router: expected a UUID$/],
    [
      'a MAC that is none',
      port(`router: ${ROUTER}\n        addresses: [10.0.0.5]\n        mac: x`),
      /:7: .*\.mac: expected a MAC/,
    ],
    [
      'the same id twice',
      `${instance('project: p\n    ports: []')}  - { id: ${ID}, project: q, ports: [] }\n`,
      /:5: instances\[1\]\.id: another/,
    ],
  ];
  for (const [title, text, message] of cases) {
    test(title, () =>
      assert.throws(() => parseInventory(text, 'inventory.yaml'), { code: 'inventory-invalid', message }),
    );
  }
});
