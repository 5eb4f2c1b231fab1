import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseInventory } from '../../src/agent/inventory.ts';
import { InventoryIndex } from '../../src/agent/inventory-index.ts';
import type { Asker } from '../../src/agent/source.ts';
import { MetasteerError } from '../../src/errors.ts';
import { asker, INSTANCE, MAC, NETWORK, OTHER_MAC, ROUTER, uuid } from './sample-cloud.ts';

const YAML = `
instances:
  - id: ${INSTANCE}
    project: b7e0f4c6d9d24d0f8a6f1a2b3c4d5e6f
    name: blue-web
    ports:
      - router: ${ROUTER}
        network: [${NETWORK.toUpperCase()}, ${uuid(201)}]
        ovn_network: ${NETWORK}
        addresses: [10.0.0.5, FD00:0::5, '::ffff:10.0.0.6']
        mac: FA:16:3E:00:00:0B
    metadata: { keys: { blue-key: ssh-ed25519 AAAA }, anything: [1, { deep: true }] }
  - { id: ${uuid(301)}, project: green, ports: [] }
`;

const EXPECTED = {
  instances: [
    {
      id: INSTANCE,
      project: 'b7e0f4c6d9d24d0f8a6f1a2b3c4d5e6f',
      name: 'blue-web',
      ports: [
        {
          owners: [
            { kind: 'router', id: ROUTER },
            { kind: 'network', id: NETWORK },
            { kind: 'network', id: uuid(201) },
            { kind: 'ovn-network', id: NETWORK },
          ],
          addresses: ['10.0.0.5', 'fd00::5', '10.0.0.6'],
          mac: MAC,
        },
      ],
      metadata: { keys: { 'blue-key': 'ssh-ed25519 AAAA' }, anything: [1, { deep: true }] },
    },
    { id: uuid(301), project: 'green', ports: [] },
  ],
};

describe('an inventory', () => {
  test('is read, with all ids and addresses in one form and the metadata untouched', () => {
    assert.deepEqual(parseInventory(YAML, 'inventory.yaml'), EXPECTED);
  });

  test('may be JSON, under any name', () => {
    const json = JSON.stringify({
      instances: [
        {
          id: INSTANCE,
          project: 'b7e0f4c6d9d24d0f8a6f1a2b3c4d5e6f',
          name: 'blue-web',
          ports: [
            {
              router: ROUTER,
              network: [NETWORK, uuid(201)],
              ovn_network: [NETWORK],
              addresses: ['10.0.0.5', 'fd00::5', '10.0.0.6'],
              mac: MAC,
            },
          ],
          metadata: EXPECTED.instances[0]?.metadata,
        },
        { id: uuid(301), project: 'green', ports: [] },
      ],
    });
    for (const path of ['inventory.json', 'inventory']) assert.deepEqual(parseInventory(json, path), EXPECTED);
  });

  test('may share metadata by aliases', () => {
    const many = Array.from({ length: 500 }, (_, n) => `  - { id: ${uuid(n)}, project: p, ports: [], metadata: *m }\n`);
    const yaml = `instances:\n  - { id: ${uuid(999)}, project: p, ports: [], metadata: &m { a: 1 } }\n${many.join('')}`;
    assert.deepEqual(parseInventory(yaml, 'i.yaml').instances[499]?.metadata, { a: 1 });
  });

  test('of no instances is one', () => {
    assert.deepEqual(parseInventory('instances: []', 'i.yaml'), { instances: [] });
  });
});

describe('a wrong inventory is refused with place and key:', () => {
  const start = `instances:\n  - id: ${INSTANCE}\n    project: p\n`;
  const portOf = (more: string) => `${start}    ports:\n      - router: ${ROUTER}\n        ${more}\n`;
  const cases: readonly [what: string, yaml: string, message: string | RegExp][] = [
    ['nothing', '', 'i.yaml:1:1: the file is empty; the least it must hold is `instances: []`'],
    ['a list', '- a', 'i.yaml:1:1: expected a mapping such as `instances: []`'],
    ['no YAML', 'instances: [', /^i\.yaml:1:13: /],
    ['no instances', '{}', 'i.yaml:1:1: instances: is required: a list of instances'],
    ['instances that are none', 'instances: 7', 'i.yaml:1:12: instances: expected a list of instances, not 7'],
    [
      'an instance that is none',
      'instances: [web]',
      'i.yaml:1:13: instances[0]: expected a mapping with id, project and ports, not "web"',
    ],
    [
      'a key unknown on top',
      'instances: []\ninstanses: []',
      'i.yaml:2:1: instanses: unknown key; did you mean `instances`?',
    ],
    [
      'a key unknown of an instance',
      `${start}    ports: []\n    porject: q\n`,
      'i.yaml:5:5: instances[0].porject: unknown key; did you mean `project`?',
    ],
    [
      'a key unknown of a port',
      portOf('vlan: 7\n        addresses: [10.0.0.5]'),
      'i.yaml:6:9: instances[0].ports[0].vlan: unknown key; known here: router, network, ovn_network, addresses, mac, allowed_address_pairs',
    ],
    [
      'no id',
      'instances:\n  - project: p\n    ports: []',
      /^i\.yaml:2:\d+: instances\[0\]\.id: is required: the UUID of an instance$/,
    ],
    [
      'an id that is none',
      'instances:\n  - id: web\n    project: p\n    ports: []',
      'i.yaml:2:9: instances[0].id: expected the UUID of an instance, not "web"',
    ],
    [
      'a key twice',
      `${start}    project: q\n    ports: []`,
      'i.yaml:4:5: the key `project` appears twice in one mapping',
    ],
    [
      'an id twice',
      `${start}    ports: []\n  - id: ${INSTANCE.toUpperCase()}\n    project: q\n    ports: []`,
      'i.yaml:5:9: instances[1].id: instances[0] has the same id',
    ],
    [
      'a project that YAML takes for a number',
      `instances:\n  - id: ${INSTANCE}\n    project: 12345678901234567890123456789012\n    ports: []`,
      /^i\.yaml:3:14: instances\[0\]\.project: expected the id of a project, in quotes where it looks like a number, not 1\.2/,
    ],
    [
      'a project that is no header',
      `instances:\n  - id: ${INSTANCE}\n    project: "a\\r\\nb"\n    ports: []`,
      /^i\.yaml:3:14: instances\[0\]\.project: /,
    ],
    [
      'metadata that is no mapping',
      `${start}    ports: []\n    metadata: [1]`,
      'i.yaml:5:15: instances[0].metadata: expected a mapping, not a list',
    ],
    [
      'a port without an owner',
      `${start}    ports:\n      - addresses: [10.0.0.5]\n`,
      'i.yaml:5:9: instances[0].ports[0]: is behind nothing: give router, network or ovn_network',
    ],
    [
      'a port without address and MAC',
      portOf(''),
      'i.yaml:5:9: instances[0].ports[0]: cannot be recognised: give addresses, mac or both',
    ],
    [
      'an owner that is none',
      `${start}    ports:\n      - router: r1\n        addresses: [10.0.0.5]`,
      'i.yaml:5:17: instances[0].ports[0].router: expected a UUID or a list of UUIDs, not "r1"',
    ],
    [
      'an empty list of owners',
      `${start}    ports:\n      - router: []\n        addresses: [10.0.0.5]`,
      /^i\.yaml:5:17: .*a UUID or a list of UUIDs, not a list$/,
    ],
    [
      'an address that is none',
      portOf('addresses: [10.0.0.5/24]'),
      /^i\.yaml:6:21: instances\[0\]\.ports\[0\]\.addresses\[0\]: expected an IP address .*, not "10\.0\.0\.5\/24"$/,
    ],
    ['a link-local address', portOf('addresses: [fe80::1]'), /addresses\[0\]: expected .* not link-local/],
    [
      'a MAC that is none',
      portOf('mac: fa-16'),
      /^i\.yaml:6:14: instances\[0\]\.ports\[0\]\.mac: expected a MAC address such as/,
    ],
    [
      'pairs of a port without a MAC',
      portOf('addresses: [10.0.0.5]\n        allowed_address_pairs: [{ ip_address: 10.0.0.5 }]'),
      'i.yaml:7:32: instances[0].ports[0].allowed_address_pairs: say nothing without mac: a port whose MAC is not given may have any',
    ],
    [
      'a pair that is none',
      portOf(`mac: '${MAC}'\n        allowed_address_pairs: [10.0.0.5]`),
      /allowed_address_pairs\[0\]: expected a mapping with ip_address and mac_address, not "10\.0\.0\.5"$/,
    ],
    [
      'a pair without an address',
      portOf(`mac: '${MAC}'\n        allowed_address_pairs: [{ mac_address: '${MAC}' }]`),
      /allowed_address_pairs\[0\]\.ip_address: is required: an IP address, or one with a prefix length such as 10\.0\.0\.0\/24$/,
    ],
    ...['10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/8/8', '/24', 'fe80::1%eth0', '10.0.0.0/-1'].map(
      (range): [string, string, RegExp] => [
        `a pair of ${range}`,
        portOf(`mac: '${MAC}'\n        allowed_address_pairs: [{ ip_address: '${range}' }]`),
        /allowed_address_pairs\[0\]\.ip_address: expected an IP address, or one with a prefix length/,
      ],
    ),
    [
      'a MAC of a pair that is none',
      portOf(`mac: '${MAC}'\n        allowed_address_pairs: [{ ip_address: 10.0.0.5, mac_address: fa }]`),
      /allowed_address_pairs\[0\]\.mac_address: expected a MAC address such as/,
    ],
    [
      'a key unknown of a pair',
      portOf(`mac: '${MAC}'\n        allowed_address_pairs: [{ ip_address: 10.0.0.5, mac: '${MAC}' }]`),
      'i.yaml:7:57: instances[0].ports[0].allowed_address_pairs[0].mac: unknown key; known here: ip_address, mac_address',
    ],
  ];
  for (const [what, yaml, message] of cases) {
    test(what, () => {
      assert.throws(
        () => parseInventory(yaml, 'i.yaml'),
        (error) => {
          assert.ok(error instanceof MetasteerError && error.code === 'inventory-invalid', String(error));
          if (typeof message === 'string') assert.equal(error.message, message);
          else assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  test('JSON too', () => {
    const json = `{\n  "instances": [\n    { "id": "${INSTANCE}", "project": "p", "ports": {} }\n  ]\n}`;
    assert.throws(() => parseInventory(json, 'i.json'), {
      message: 'i.json:3:78: instances[0].ports: expected a list of ports, not a mapping',
    });
    assert.throws(() => parseInventory('{"instances": [', 'i.json'), /^MetasteerError: i\.json:1:16: /);
  });

  test('all of it at once, in the order of the file', () => {
    const yaml = `instances:\n  - id: a\n    project: p\n    ports: []\n  - id: b\n    project: p\n    ports: []\n    more: 1`;
    assert.throws(
      () => parseInventory(yaml, 'i.yaml'),
      (error) => error instanceof Error && /^i\.yaml:2:.*\ni\.yaml:5:.*\ni\.yaml:8:.*$/.test(error.message),
    );
  });
});

describe('in an inventory', () => {
  const index = new InventoryIndex(
    parseInventory(
      `
instances:
  - id: ${INSTANCE}
    project: blue
    ports:
      - { router: [${ROUTER}, ${ROUTER}], network: ${NETWORK}, addresses: [10.0.0.5, 10.0.0.5, fd00::5], mac: '${MAC}' }
      - { router: ${uuid(101)}, addresses: [10.0.0.7] }
  - id: ${uuid(301)}
    project: green
    ports:
      - { ovn_network: ${NETWORK}, addresses: [10.0.0.5], mac: '${OTHER_MAC}' }
      - { router: ${uuid(101)}, addresses: [10.0.0.7], mac: '${OTHER_MAC}' }
`,
      'i.yaml',
    ),
  );
  const linkLocal = 'fe80::f816:3eff:fe00:b';
  const green = uuid(301);
  const cases: readonly [what: string, who: Asker, found: readonly string[]][] = [
    ['an address behind a router', asker('10.0.0.5'), [INSTANCE]],
    ['an IPv6 address', asker('fd00:0::5'), [INSTANCE]],
    ['an address on a network', asker('10.0.0.5', { kind: 'network', id: NETWORK }), [INSTANCE]],
    ['the same id of another kind', asker('10.0.0.5', { kind: 'ovn-network', id: NETWORK }), [green]],
    ['another router', asker('10.0.0.5', { id: uuid(102) }), []],
    ['another address', asker('10.0.0.6'), []],
    ['a link-local address', asker(linkLocal), [INSTANCE]],
    ['a link-local address on another owner', asker(linkLocal, { id: uuid(101) }), []],
    ['a link-local address of no MAC', asker('fe80::1'), []],
    [
      'an address and another MAC, which is for the resolver to judge,',
      asker('10.0.0.5', { mac: OTHER_MAC }),
      [INSTANCE],
    ],
    ['an address that two have', asker('10.0.0.7', { id: uuid(101) }), [INSTANCE, green]],
    ['an address that two have, whatever the MAC', asker('10.0.0.7', { id: uuid(101), mac: MAC }), [INSTANCE, green]],
  ];
  for (const [what, who, found] of cases) {
    test(`${what} finds ${found.length === 0 ? 'nobody' : found.length}`, () => {
      assert.deepEqual(
        index.find(who).map((instance) => instance.instanceId),
        found,
      );
    });
  }
});
