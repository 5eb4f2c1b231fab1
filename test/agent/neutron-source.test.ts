import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type Cloud, type CloudSays, json, type ScriptedServer, startCloud } from '../../bench/agent/openstack.ts';
import { Resolver } from '../../src/agent/resolver.ts';
import { type Asker, SourceError } from '../../src/agent/source.ts';
import { connect, never, PASSWORD, type Setup } from './neutron-setup.ts';
import {
  asker,
  INSTANCE,
  MAC,
  NETWORK,
  OTHER_MAC,
  OTHER_NETWORK,
  port,
  ROUTER,
  routerPort,
  uuid,
} from './sample-cloud.ts';

let cloud: Cloud & { readonly says: CloudSays };
let setup: Setup;

before(async () => {
  cloud = await startCloud();
});
after(() => cloud.close());
beforeEach(() => {
  cloud.ports = [routerPort(NETWORK), port({})];
  cloud.pageSize = 0;
  cloud.catalog = undefined;
  for (const [server, say] of [
    [cloud.keystone, cloud.says.keystone],
    [cloud.neutron, cloud.says.neutron],
  ] as const) {
    server.say = say;
    server.asked.length = 0;
  }
  setup = connect(cloud);
});
afterEach(() => setup.close());

/** The instances found, as their ids. */
async function ids(who: Asker): Promise<string[]> {
  return (await setup.source.find(who, never())).map((instance) => instance.instanceId);
}

function queries(server: ScriptedServer): URLSearchParams[] {
  return server.asked.map((asked) => new URL(asked.path, server.url).searchParams);
}

describe('a look-up', () => {
  const v6 = 'fd00::5';
  const linkLocal = 'fe80::f816:3eff:fe00:b';
  const cases: readonly [title: string, who: Asker, found: readonly string[]][] = [
    ['behind a router', asker('10.0.0.5'), [INSTANCE]],
    ['on a network', asker('10.0.0.5', { kind: 'network', id: NETWORK }), [INSTANCE]],
    ['on an OVN network', asker('10.0.0.5', { kind: 'ovn-network', id: NETWORK }), [INSTANCE]],
    ['by an IPv6 address', asker(v6), [INSTANCE]],
    ['by an IPv6 address in another spelling', asker('FD00:0::0005'), [INSTANCE]],
    ['by a link-local address', asker(linkLocal), [INSTANCE]],
    ['by a link-local address on a network', asker(linkLocal, { kind: 'network', id: NETWORK }), [INSTANCE]],
    ['by a link-local address not made of a MAC', asker('fe80::1234:5678:9abc:def0', { mac: MAC }), []],
    ['with another MAC, which is for the resolver to judge,', asker('10.0.0.5', { mac: OTHER_MAC }), [INSTANCE]],
    ['of an unknown address', asker('10.0.0.6'), []],
    ['behind an unknown router', asker('10.0.0.5', { id: uuid(101) }), []],
    ['on an unknown network', asker('10.0.0.5', { kind: 'network', id: OTHER_NETWORK }), []],
    ['of the router’s own address', asker('10.0.0.1'), []],
  ];
  for (const [title, who, found] of cases) {
    test(`${title} finds ${found.length === 0 ? 'nothing' : 'the instance'}`, async () => {
      const ips = ['10.0.0.5', v6].map((ip_address) => ({ subnet_id: uuid(900), ip_address }));
      cloud.ports = [routerPort(NETWORK), port({ fixed_ips: ips })];
      assert.deepEqual(await ids(who), found);
    });
  }

  test('gives instance, project and MACs', async () => {
    assert.deepEqual(await setup.source.find(asker('10.0.0.5'), never()), [
      { instanceId: INSTANCE, projectId: 'b7e0f4c6d9d24d0f8a6f1a2b3c4d5e6f', macs: [MAC] },
    ]);
  });

  test('counts all ports, instances’ or not, as Neutron’s agent does', async () => {
    const dhcp = { device_owner: 'network:dhcp', device_id: 'dhcp-1', network_id: OTHER_NETWORK };
    cloud.ports = [routerPort(NETWORK), routerPort(OTHER_NETWORK), port({}), port(dhcp)];
    assert.equal((await ids(asker('10.0.0.5'))).length, 2);
  });

  for (const owner of [
    'network:router_interface',
    'network:ha_router_replicated_interface',
    'network:router_interface_distributed',
  ]) {
    test(`goes by way of a port of ${owner}`, async () => {
      cloud.ports = [routerPort(NETWORK, { device_owner: owner }), port({})];
      assert.deepEqual(await ids(asker('10.0.0.5')), [INSTANCE]);
    });
  }

  for (const owner of ['network:router_gateway', 'network:router_ha_interface', 'network:router_centralized_snat']) {
    test(`does not go by way of a port of ${owner}`, async () => {
      cloud.ports = [routerPort(NETWORK, { device_owner: owner }), port({})];
      assert.deepEqual(await ids(asker('10.0.0.5')), []);
    });
  }

  test('behind a router without networks asks for no ports of all networks', async () => {
    cloud.ports = [port({})];
    assert.deepEqual(await ids(asker('10.0.0.5')), []);
    assert.ok(queries(cloud.neutron).every((query) => query.has('device_id')));
  });

  for (const [what, given] of [
    ['not plugged', { device_id: '' }],
    ['a DHCP server’s', { device_owner: 'network:dhcp', device_id: 'reserved_dhcp_port' }],
    ['a router’s', { device_owner: 'network:router_interface', device_id: uuid(101) }],
  ] as const) {
    test(`of a port that is ${what} finds no instance`, async () => {
      cloud.ports = [routerPort(NETWORK), port(given)];
      assert.deepEqual(await ids(asker('10.0.0.5')), []);
    });
  }

  test('of an instance without a project is an error', async () => {
    cloud.ports = [routerPort(NETWORK), port({ project_id: '' })];
    await assert.rejects(ids(asker('10.0.0.5')), { name: 'SourceError', message: /without a project/ });
  });

  test('of a server that does not know the filter for MACs is an error', async () => {
    cloud.neutron.say = (asked) => cloud.says.neutron({ ...asked, path: asked.path.replace(/&mac_address=[^&]*/, '') });
    await assert.rejects(ids(asker('fe80::f816:3eff:fe00:c')), { name: 'SourceError', message: /not asked for/ });
  });

  test('of a server that does not know the filter for instances is an error', async () => {
    cloud.ports.push(port({ ip: '10.0.0.6', device_id: uuid(301) }));
    cloud.neutron.say = (asked) => cloud.says.neutron({ ...asked, path: asked.path.replace(/&device_id=[^&]*/, '') });
    const who = asker('10.0.0.5', { mac: OTHER_MAC, kind: 'network', id: NETWORK });
    await assert.rejects(ids(who), { name: 'SourceError', message: /not asked for/ });
  });

  test('names the fields it needs and no others', async () => {
    await ids(asker('10.0.0.5'));
    const [routers, instances] = queries(cloud.neutron).map((query) => query.getAll('fields'));
    assert.deepEqual(routers, ['network_id', 'device_id', 'device_owner']);
    assert.deepEqual(instances, [
      'network_id',
      'device_id',
      'device_owner',
      'project_id',
      'tenant_id',
      'mac_address',
      'fixed_ips',
      'allowed_address_pairs',
    ]);
  });
});

describe('a router with many networks', () => {
  const networks = Array.from({ length: 300 }, (_, n) => uuid(5000 + n));

  beforeEach(() => {
    // The instance is on the last; a distributed router has several ports on each.
    cloud.ports = [...networks, ...networks].map((network) => routerPort(network));
    cloud.ports.push(port({ network_id: networks.at(-1) ?? '' }));
  });

  test('is asked about in parts, each short enough for any server', async () => {
    assert.deepEqual(await ids(asker('10.0.0.5')), [INSTANCE]);
    const lengths = cloud.neutron.asked.map((asked) => asked.path.length);
    assert.equal(lengths.length, 1 + 5);
    assert.ok(Math.max(...lengths) < 4096, String(Math.max(...lengths)));
    const asked = queries(cloud.neutron).flatMap((query) => query.getAll('network_id'));
    assert.deepEqual(asked.toSorted(), networks.toSorted());
  });

  test('finds the same address on two of them twice, in whatever parts they are', async () => {
    cloud.ports.push(port({ network_id: networks[0] ?? '', device_id: uuid(301) }));
    assert.equal((await ids(asker('10.0.0.5'))).length, 2);
  });

  test('fails as a whole when one part does', async () => {
    let allAsked = () => {};
    const all = new Promise<void>((resolve) => {
      allAsked = resolve;
    });
    cloud.neutron.say = async (asked) => {
      if (cloud.neutron.asked.length === 1 + 5) allAsked();
      if (!asked.path.includes(`network_id=${networks[0]}`)) return cloud.says.neutron(asked);
      await all;
      return json(500, {});
    };
    await assert.rejects(ids(asker('10.0.0.5')), { name: 'SourceError' });
  });
});

describe('the networks of a router', () => {
  test('are remembered, so that a boot of 28 requests and its neighbour cost three questions', async () => {
    const resolver = new Resolver({ source: setup.source });
    await Promise.all(Array.from({ length: 28 }, () => resolver.resolve(asker('10.0.0.5'))));
    await resolver.resolve(asker('10.0.0.5'));
    assert.equal(cloud.neutron.asked.length, 2);
    cloud.ports.push(port({ ip: '10.0.0.6', device_id: uuid(301) }));
    assert.equal((await resolver.resolve(asker('10.0.0.6'))).kind, 'found');
    assert.equal(cloud.neutron.asked.length, 3);
  });

  test('are asked for once by instances that boot together', async () => {
    cloud.ports.push(port({ ip: '10.0.0.6', device_id: uuid(301) }));
    await Promise.all([ids(asker('10.0.0.5')), ids(asker('10.0.0.6'))]);
    assert.equal(cloud.neutron.asked.length, 3);
  });

  test('are asked for afresh when nothing is found on them', async () => {
    await ids(asker('10.0.0.5'));
    setup.clock.ms = 2000;
    cloud.ports.push(
      routerPort(OTHER_NETWORK),
      port({ ip: '10.1.0.5', network_id: OTHER_NETWORK, device_id: uuid(301) }),
    );
    assert.deepEqual(await ids(asker('10.1.0.5')), [uuid(301)]);
    // Nothing on the known network; the networks; the port.
    assert.equal(cloud.neutron.asked.length, 2 + 3);
  });

  test('are asked for afresh when several ports are found on them', async () => {
    cloud.ports.push(routerPort(OTHER_NETWORK), port({ network_id: OTHER_NETWORK, device_id: uuid(301) }));
    assert.equal((await ids(asker('10.0.0.5'))).length, 2);
    setup.clock.ms = 2000;
    cloud.ports = cloud.ports.filter((each) => each.network_id !== OTHER_NETWORK);
    cloud.ports.push(port({ network_id: OTHER_NETWORK, device_id: uuid(301) }));
    assert.deepEqual(await ids(asker('10.0.0.5')), [INSTANCE]);
  });

  test('are not asked for afresh within a second: strange addresses cost one question each', async () => {
    await ids(asker('10.0.0.5'));
    for (let n = 10; n < 20; n++) assert.deepEqual(await ids(asker(`10.0.0.${n}`)), []);
    assert.equal(cloud.neutron.asked.length, 2 + 10);
  });

  test('end with their time', async () => {
    await ids(asker('10.0.0.5'));
    setup.clock.ms = 10_000;
    await ids(asker('10.0.0.5'));
    assert.equal(cloud.neutron.asked.length, 4);
  });

  test('are forgotten with the asker', async () => {
    const resolver = new Resolver({ source: setup.source });
    await resolver.resolve(asker('10.0.0.5'));
    resolver.forget(asker('10.0.0.5'));
    cloud.ports = [routerPort(OTHER_NETWORK), port({ network_id: OTHER_NETWORK, device_id: uuid(301) })];
    const resolution = await resolver.resolve(asker('10.0.0.5'));
    assert.equal(resolution.kind === 'found' && resolution.instance.instanceId, uuid(301));
  });

  test('are asked for anew after they were forgotten, even while a question is under way', async () => {
    const held: (() => void)[] = [];
    cloud.neutron.say = async (asked) => {
      const answer = await cloud.says.neutron(asked);
      if (asked.path.includes('device_id=')) await new Promise<void>((resolve) => held.push(resolve));
      return answer;
    };
    const release = async (which: number) => {
      while (held.length <= which) await new Promise(setImmediate);
      held[which]?.();
    };
    const before = ids(asker('10.0.0.5'));
    while (held.length === 0) await new Promise(setImmediate);
    setup.source.forget(asker('10.0.0.5'));
    cloud.ports = [routerPort(OTHER_NETWORK), port({ network_id: OTHER_NETWORK, device_id: uuid(301) })];
    const after = ids(asker('10.0.0.5'));
    await release(1);
    assert.deepEqual(await after, [uuid(301)]);
    await release(0);
    await before;
    // The older answer has not taken the place of the newer one.
    assert.deepEqual(await ids(asker('10.0.0.5')), [uuid(301)]);
    assert.equal(held.length, 2);
  });

  test('are not kept when the question about them failed', async () => {
    cloud.neutron.say = () => json(500, {});
    await assert.rejects(ids(asker('10.0.0.5')), SourceError);
    cloud.neutron.say = cloud.says.neutron;
    assert.deepEqual(await ids(asker('10.0.0.5')), [INSTANCE]);
  });
});

describe('pages', () => {
  test('are read to the last', async () => {
    cloud.pageSize = 2;
    const others = Array.from({ length: 5 }, (_, n) => uuid(6000 + n));
    cloud.ports = [...others.map((network) => routerPort(network)), routerPort(NETWORK), port({})];
    assert.deepEqual(await ids(asker('10.0.0.5')), [INSTANCE]);
    // Six networks on three full pages and an empty one; one port on one.
    assert.equal(cloud.neutron.asked.length, 4 + 1);
  });

  test('are counted together', async () => {
    cloud.pageSize = 1;
    cloud.ports.push(port({ device_id: uuid(301) }));
    assert.equal((await ids(asker('10.0.0.5'))).length, 2);
  });

  test('go on at the server itself, wherever the link points: a token goes nowhere else', async () => {
    const elsewhere = await startCloud();
    try {
      cloud.pageSize = 1;
      cloud.neutron.say = async (asked) => {
        const answer = await cloud.says.neutron(asked);
        return answer && { ...answer, body: String(answer.body).replaceAll(cloud.neutron.url, elsewhere.neutron.url) };
      };
      cloud.ports.push(port({ device_id: uuid(301) }));
      assert.equal((await ids(asker('10.0.0.5'))).length, 2);
      assert.deepEqual(elsewhere.neutron.asked, []);
      assert.ok(cloud.neutron.asked.every((asked) => asked.path.startsWith('/v2.0/ports?')));
    } finally {
      await elsewhere.close();
    }
  });

  test('without end are an error', async () => {
    const links = [{ rel: 'next', href: `${cloud.neutron.url}/v2.0/ports?limit=1&marker=${uuid(1)}` }];
    cloud.neutron.say = () => json(200, { ports: [routerPort(NETWORK)], ports_links: links });
    await assert.rejects(ids(asker('10.0.0.5')), { name: 'SourceError', message: /more than 64 pages/ });
  });

  for (const href of ['http://127.0.0.1/v2.0/ports', '?marker=', '?marker=a%0d%0ab', 'garbage']) {
    test(`whose link is ${href} are an error`, async () => {
      cloud.neutron.say = () => json(200, { ports: [routerPort(NETWORK)], ports_links: [{ rel: 'next', href }] });
      await assert.rejects(ids(asker('10.0.0.5')), { name: 'SourceError', message: /does not say where/ });
    });
  }
});

describe('a token', () => {
  test('serves many questions', async () => {
    await ids(asker('10.0.0.5'));
    await ids(asker('10.0.0.6'));
    assert.equal(cloud.keystone.asked.length, 1);
  });

  test('that Neutron refuses is replaced, and the question asked again', async () => {
    await ids(asker('10.0.0.5'));
    cloud.tokens.clear();
    setup.source.forget(asker('10.0.0.5'));
    assert.deepEqual(await ids(asker('10.0.0.5')), [INSTANCE]);
    assert.equal(cloud.keystone.asked.length, 2);
  });

  test('that Neutron refuses is replaced once for many questions', async () => {
    await ids(asker('10.0.0.5'));
    cloud.tokens.clear();
    await Promise.all(Array.from({ length: 10 }, (_, n) => ids(asker(`10.0.0.${n + 1}`))));
    assert.equal(cloud.keystone.asked.length, 2);
  });

  test('in whose place another is refused too is an error, and then there is a pause', async () => {
    cloud.neutron.say = () => json(401, {});
    await assert.rejects(ids(asker('10.0.0.5')), { name: 'SourceError', message: /refuses a new token/ });
    assert.equal(cloud.keystone.asked.length, 2);
    await assert.rejects(ids(asker('10.0.0.5')), { name: 'SourceError', message: /asked again in 500 ms/ });
    assert.equal(cloud.keystone.asked.length, 2);
    setup.clock.ms = 500;
    cloud.neutron.say = cloud.says.neutron;
    assert.deepEqual(await ids(asker('10.0.0.5')), [INSTANCE]);
  });
});

describe('a refusal by Neutron', () => {
  for (const [status, words] of [
    [403, /may not list ports \(403\)/],
    [404, /no Networking API/],
    [414, /too long/],
    [429, /too many requests/],
    [300, /status 300/],
    [302, /status 302/],
    [500, /out of order \(500\)/],
    [503, /out of order \(503\)/],
  ] as const) {
    test(`with ${status} is an error that says so`, async () => {
      cloud.neutron.say = () =>
        json(status, { NeutronError: { message: PASSWORD } }, { location: 'http://127.0.0.1:1/' });
      await assert.rejects(ids(asker('10.0.0.5')), (error) => {
        assert.ok(error instanceof SourceError);
        assert.match(error.message, words);
        assert.ok(error.message.includes(cloud.neutron.url) && !error.message.includes(PASSWORD), error.message);
        return true;
      });
    });
  }

  for (const [what, status, after, waitMs] of [
    ['429 without a time pauses', 429, undefined, 500],
    ['429 and a time pauses as long', 429, '7', 7000],
    ['503 and a time pauses as long', 503, '7', 7000],
    ['429 and an hour pauses a minute', 429, '3600', 60_000],
  ] as const) {
    test(`with ${what}`, async () => {
      cloud.neutron.say = () => json(status, {}, after === undefined ? {} : { 'retry-after': after });
      await assert.rejects(ids(asker('10.0.0.5')), SourceError);
      cloud.neutron.say = cloud.says.neutron;
      setup.clock.ms = waitMs - 1;
      await assert.rejects(ids(asker('10.0.0.5')), { name: 'SourceError', message: /asked again in 1 ms/ });
      assert.equal(cloud.neutron.asked.length, 1);
      setup.clock.ms = waitMs;
      assert.deepEqual(await ids(asker('10.0.0.5')), [INSTANCE]);
    });
  }
});

test('a URL that is given needs no catalogue, with and without the version', async () => {
  cloud.catalog = [];
  for (const url of [`${cloud.neutron.url}/v2.0/`, cloud.neutron.url]) {
    const fixed = connect(cloud, { url });
    assert.equal((await fixed.source.find(asker('10.0.0.5'), never())).length, 1);
    await fixed.close();
  }
});

test('an endpoint that moves is followed with the next token', async () => {
  await ids(asker('10.0.0.5'));
  const moved = await startCloud();
  try {
    moved.ports = [routerPort(NETWORK), port({ device_id: uuid(301) })];
    moved.neutron.say = (asked) => {
      moved.tokens.add(String(asked.headers['x-auth-token']));
      return moved.says.neutron(asked);
    };
    const endpoint = {
      interface: 'internal',
      region: 'RegionOne',
      region_id: 'RegionOne',
      url: `${moved.neutron.url}/v2.0`,
    };
    cloud.catalog = [{ type: 'network', endpoints: [endpoint] }];
    cloud.tokens.clear();
    setup.source.forget(asker('10.0.0.5'));
    assert.deepEqual(await ids(asker('10.0.0.5')), [uuid(301)]);
  } finally {
    await moved.close();
  }
});

test('a catalogue without Neutron is an error, and is asked for again after a pause', async () => {
  cloud.catalog = [];
  await assert.rejects(ids(asker('10.0.0.5')), { name: 'SourceError', message: /no service of type network/ });
  cloud.catalog = undefined;
  setup.clock.ms = 499;
  await assert.rejects(ids(asker('10.0.0.5')), { name: 'SourceError', message: /no service of type network.*in 1 ms/ });
  setup.clock.ms = 500;
  assert.deepEqual(await ids(asker('10.0.0.5')), [INSTANCE]);
});

test('a look-up that is given up ends, and others who wait for the same do not', async () => {
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  cloud.neutron.say = async (asked) => {
    await held;
    return cloud.says.neutron(asked);
  };
  const giveUp = new AbortController();
  const first = setup.source.find(asker('10.0.0.5'), giveUp.signal);
  const second = ids(asker('10.0.0.5'));
  giveUp.abort(new SourceError('given up'));
  await assert.rejects(first, { message: 'given up' });
  answer();
  assert.deepEqual(await second, [INSTANCE]);
});

test('a source that is closed ends what is under way and starts nothing', async () => {
  const asked = new Promise<void>((resolve) => {
    cloud.neutron.say = () => void resolve();
  });
  const underWay = ids(asker('10.0.0.5'));
  const ended = assert.rejects(underWay, SourceError);
  await asked;
  await setup.source.close();
  await ended;
  await assert.rejects(ids(asker('10.0.0.5')), { name: 'SourceError', message: /closed/ });
});

test('the router is named once in the question for its networks', async () => {
  await ids(asker('10.0.0.5'));
  const [first] = queries(cloud.neutron);
  assert.deepEqual(first?.getAll('device_id'), [ROUTER]);
  assert.equal(first?.getAll('device_owner').length, 3);
});
