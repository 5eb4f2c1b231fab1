/**
 * Whose MAC an address may be used with, by each source. Without a MAC everything is as for Neutron's agent, and with one
 * never anything more: the line may be a guest's.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Cloud, type FakePort, startCloud } from '../../bench/agent/openstack.ts';
import { parseInventory } from '../../src/agent/inventory.ts';
import { InventoryIndex } from '../../src/agent/inventory-index.ts';
import { Resolver } from '../../src/agent/resolver.ts';
import type { Asker, InstanceSource } from '../../src/agent/source.ts';
import { connect, never } from './neutron-setup.ts';
import { asker, INSTANCE, MAC, NETWORK, OTHER_MAC, OTHER_NETWORK, port, routerPort, uuid } from './sample-cloud.ts';

const THIRD_MAC = 'fa:16:3e:00:00:0d';
const OTHER_INSTANCE = uuid(301);

type Pair = NonNullable<FakePort['allowed_address_pairs']>[number];

/** A port of an instance, as far as it matters here. */
interface Given {
  readonly ip?: string;
  readonly mac?: string;
  readonly of?: string;
  readonly network?: string;
  readonly pairs?: readonly Pair[];
}

const withPairs = (...pairs: readonly Pair[]): readonly Given[] => [{ pairs }];
const who = (mac?: string, address = '10.0.0.5') => asker(address, mac === undefined ? {} : { mac });
const LINK_LOCAL = 'fe80::f816:3eff:fe00:b';

const rows: readonly [title: string, ports: readonly Given[], asker: Asker, kind: string][] = [
  ['no MAC', [{}], who(), 'found'],
  ['the port’s MAC', [{}], who(MAC), 'found'],
  ['the port’s MAC in capitals', [{}], who(MAC.toUpperCase()), 'found'],
  ['a port’s MAC that is stored in capitals', [{ mac: MAC.toUpperCase() }], who(MAC), 'found'],
  ['another MAC', [{}], who(OTHER_MAC), 'mismatch'],
  [
    'the MAC of another instance',
    [{}, { of: OTHER_INSTANCE, ip: '10.0.0.6', mac: OTHER_MAC }],
    who(OTHER_MAC),
    'mismatch',
  ],
  ['an address that nobody has and a MAC that somebody has', [{}], who(MAC, '10.0.0.6'), 'none'],
  [
    'a pair with a MAC, and that MAC',
    withPairs({ ip_address: '10.0.0.5', mac_address: OTHER_MAC }),
    who(OTHER_MAC),
    'found',
  ],
  [
    'a pair with a MAC, and the port’s',
    withPairs({ ip_address: '10.0.0.5', mac_address: OTHER_MAC }),
    who(MAC),
    'found',
  ],
  [
    'a pair with a MAC, and a third',
    withPairs({ ip_address: '10.0.0.5', mac_address: OTHER_MAC }),
    who(THIRD_MAC),
    'mismatch',
  ],
  [
    'a pair with a MAC in capitals',
    withPairs({ ip_address: '10.0.0.5', mac_address: OTHER_MAC.toUpperCase() }),
    who(OTHER_MAC),
    'found',
  ],
  ['a pair without a MAC, and the port’s', withPairs({ ip_address: '10.0.0.5' }), who(MAC), 'found'],
  ['a pair without a MAC, and another', withPairs({ ip_address: '10.0.0.5' }), who(OTHER_MAC), 'mismatch'],
  [
    'a pair of a range with the address',
    withPairs({ ip_address: '10.0.0.0/24', mac_address: OTHER_MAC }),
    who(OTHER_MAC),
    'found',
  ],
  ['a pair of all addresses', withPairs({ ip_address: '0.0.0.0/0', mac_address: OTHER_MAC }), who(OTHER_MAC), 'found'],
  [
    'a pair of all IPv6 addresses',
    withPairs({ ip_address: '::/0', mac_address: OTHER_MAC }),
    who(OTHER_MAC),
    'mismatch',
  ],
  [
    'a pair of a range without the address',
    withPairs({ ip_address: '10.0.1.0/24', mac_address: OTHER_MAC }),
    who(OTHER_MAC),
    'mismatch',
  ],
  [
    'a pair of another address',
    withPairs({ ip_address: '10.0.0.50', mac_address: OTHER_MAC }),
    who(OTHER_MAC),
    'mismatch',
  ],
  [
    'an address that is a pair’s alone, with its MAC',
    withPairs({ ip_address: '10.0.0.50', mac_address: OTHER_MAC }),
    who(OTHER_MAC, '10.0.0.50'),
    'none',
  ],
  [
    'an address that is a pair’s alone, without a MAC',
    withPairs({ ip_address: '10.0.0.50' }),
    who(undefined, '10.0.0.50'),
    'none',
  ],
  [
    'an address that another instance has as a pair, with that one’s MAC',
    [{}, { of: OTHER_INSTANCE, ip: '10.0.0.6', mac: OTHER_MAC, pairs: [{ ip_address: '10.0.0.5' }] }],
    who(OTHER_MAC),
    'mismatch',
  ],
  [
    'an address that another instance has as a pair, with its own MAC',
    [
      {},
      {
        of: OTHER_INSTANCE,
        ip: '10.0.0.6',
        mac: OTHER_MAC,
        pairs: [{ ip_address: '10.0.0.5', mac_address: THIRD_MAC }],
      },
    ],
    who(THIRD_MAC),
    'mismatch',
  ],
  [
    'the MAC of another port of the instance',
    [{}, { ip: '10.1.0.5', mac: OTHER_MAC, network: OTHER_NETWORK }],
    who(OTHER_MAC),
    'found',
  ],
  [
    'the MAC of another port of the instance, on a network behind something else',
    [{}, { ip: '10.1.0.5', mac: OTHER_MAC, network: uuid(209) }],
    who(OTHER_MAC),
    'mismatch',
  ],
  [
    'two instances with the address, and no MAC',
    [{}, { of: OTHER_INSTANCE, mac: OTHER_MAC, network: OTHER_NETWORK }],
    who(),
    'ambiguous',
  ],
  [
    'two instances with the address, and the MAC of one',
    [{}, { of: OTHER_INSTANCE, mac: OTHER_MAC, network: OTHER_NETWORK }],
    who(OTHER_MAC),
    'ambiguous',
  ],
  ['a link-local address and no MAC', [{}], who(undefined, LINK_LOCAL), 'found'],
  ['a link-local address and the MAC it was formed from', [{}], who(MAC, LINK_LOCAL), 'found'],
  ['a link-local address and another MAC', [{}], who(OTHER_MAC, LINK_LOCAL), 'mismatch'],
  [
    'a link-local address formed from a MAC that is a pair’s alone',
    [{ mac: OTHER_MAC, pairs: [{ ip_address: '10.0.0.5', mac_address: MAC }] }],
    who(MAC, LINK_LOCAL),
    'none',
  ],
  ['a link-local address not formed from a MAC', [{}], who(MAC, 'fe80::1234:5678:9abc:def0'), 'none'],
];

/** Which networks are behind the one router there is. */
const BEHIND = [NETWORK, OTHER_NETWORK];

function asNeutron(ports: readonly Given[]): FakePort[] {
  return [
    ...BEHIND.map((network) => routerPort(network)),
    ...ports.map(({ ip, mac, of, network, pairs }) =>
      port({
        ...(ip !== undefined && { ip }),
        ...(mac !== undefined && { mac_address: mac }),
        ...(of !== undefined && { device_id: of }),
        ...(network !== undefined && { network_id: network }),
        ...(pairs !== undefined && { allowed_address_pairs: pairs }),
      }),
    ),
  ];
}

function asInventory(ports: readonly Given[]): InstanceSource {
  const { owner } = who();
  const instances = [...new Set(ports.map(({ of = INSTANCE }) => of))].map((id) => ({
    id,
    project: 'p',
    ports: ports
      .filter(({ of = INSTANCE }) => of === id)
      .map(({ ip = '10.0.0.5', mac = MAC, network = NETWORK, pairs }) => ({
        router: BEHIND.includes(network) ? owner.id : uuid(109),
        addresses: [ip],
        mac,
        ...(pairs && { allowed_address_pairs: pairs }),
      })),
  }));
  const index = new InventoryIndex(parseInventory(JSON.stringify({ instances }), 'i.json'));
  return { find: async (each) => index.find(each), close: async () => {} };
}

describe('an address is used with', () => {
  let cloud: Cloud;
  before(async () => {
    cloud = await startCloud();
  });
  after(() => cloud.close());
  beforeEach(() => {
    cloud.neutron.asked.length = 0;
  });

  for (const [title, ports, who, kind] of rows) {
    test(`${title}: ${kind}, in Neutron and in an inventory`, async () => {
      cloud.ports = asNeutron(ports);
      const setup = connect(cloud);
      try {
        for (const source of [setup.source, asInventory(ports)]) {
          assert.equal((await new Resolver({ source }).resolve(who)).kind, kind);
          const { owner, address } = who;
          const without = (await new Resolver({ source }).resolve({ owner, address })).kind;
          assert.ok(
            kind === without || (kind === 'mismatch' && without === 'found'),
            `a MAC made ${kind} of ${without}`,
          );
        }
      } finally {
        await setup.close();
      }
    });
  }

  test('the MAC of a port of another project that names the instance: mismatch', async () => {
    const forged = port({ ip: '10.0.0.6', mac_address: OTHER_MAC, project_id: 'mallory' });
    cloud.ports = [routerPort(NETWORK), port({}), forged];
    const setup = connect(cloud);
    try {
      const resolution = await new Resolver({ source: setup.source }).resolve(who(OTHER_MAC));
      assert.equal(resolution.kind === 'mismatch' && resolution.instance.instanceId, INSTANCE);
    } finally {
      await setup.close();
    }
  });

  test('the right MAC: no question more than without; another: one more, for all of them within a second', async () => {
    cloud.ports = asNeutron([{}]);
    const setup = connect(cloud);
    const resolver = new Resolver({ source: setup.source, now: () => setup.clock.ms });
    try {
      await resolver.resolve(who(MAC));
      assert.equal(cloud.neutron.asked.length, 2);
      for (let n = 10; n < 60; n++) await resolver.resolve(who(`02:00:00:00:00:${n}`));
      // The port anew, and the instance's other ports.
      assert.equal(cloud.neutron.asked.length, 4);
    } finally {
      await setup.close();
    }
  });

  test('any MAC at all, where the inventory gives none: found', async () => {
    const yaml = `instances: [{ id: ${INSTANCE}, project: p, ports: [{ router: ${who().owner.id}, addresses: [10.0.0.5] }] }]`;
    const index = new InventoryIndex(parseInventory(yaml, 'i.yaml'));
    const source = { find: async (each: Asker) => index.find(each), close: async () => {} };
    assert.equal((await new Resolver({ source }).resolve(who(THIRD_MAC))).kind, 'found');
  });

  test('a port of Neutron whose MAC cannot be read: mismatch, with whatever MAC', async () => {
    cloud.ports = asNeutron([{ mac: '' }]);
    const setup = connect(cloud);
    try {
      assert.deepEqual((await setup.source.find(who(MAC), never()))[0]?.macs, []);
      assert.equal((await new Resolver({ source: setup.source }).resolve(who(MAC))).kind, 'mismatch');
    } finally {
      await setup.close();
    }
  });
});
