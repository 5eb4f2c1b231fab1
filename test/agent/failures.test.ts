/** Whatever goes wrong on the way, an instance is only found when the server has it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import {
  type Answer,
  type Asked,
  type Cloud,
  type CloudSays,
  json,
  type Say,
  startCloud,
} from '../../bench/agent/openstack.ts';
import { Resolver } from '../../src/agent/resolver.ts';
import { SourceError } from '../../src/agent/source.ts';
import { connect, PASSWORD, type Setup } from './neutron-setup.ts';
import { asker, INSTANCE, MAC, NETWORK, OTHER_MAC, OTHER_NETWORK, port, routerPort, uuid } from './sample-cloud.ts';

let cloud: Cloud & { readonly says: CloudSays };

before(async () => {
  cloud = await startCloud();
});
after(() => cloud.close());

type Wrong = (right: Answer, asked: Asked) => Answer | undefined;

function text(answer: Answer): string {
  return String(answer.body);
}

/** The ports of a right answer, changed. */
function changed(change: (port: Record<string, unknown>) => unknown): Wrong {
  return (right) => {
    const body = JSON.parse(text(right)) as { ports?: Record<string, unknown>[] };
    return json(right.status, { ...body, ports: (body.ports ?? []).map(change) });
  };
}

const stranger = { ...port({ device_id: uuid(666), network_id: uuid(667) }), tenant_id: 'p' };

/** Every way in which an answer may be wrong, at Keystone or Neutron. None may lead to an instance. */
const WRONG: Readonly<Record<string, Wrong>> = {
  'is of status 400': () => json(400, {}),
  'is of status 401': () => json(401, {}),
  'is of status 403': () => json(403, {}),
  'is of status 404': () => json(404, {}),
  'is of status 429': () => json(429, {}, { 'retry-after': '1' }),
  'is of status 500': () => json(500, {}),
  'is of status 503': () => json(503, {}, { 'retry-after': 'soon' }),
  'redirects to itself': (_, asked) => ({ status: 307, headers: { location: asked.path } }),
  'is of another good status': (right) => ({ ...right, status: 206 }),
  'is empty': (right) => ({ ...right, body: '' }),
  'is a page of HTML': (right) => ({ ...right, body: '<html>it works</html>' }),
  'is cut in the middle': (right) => ({ ...right, body: text(right).slice(0, text(right).length / 2) }),
  'is cut before its declared end': (right) => ({
    ...right,
    headers: { ...right.headers, 'content-length': String(text(right).length + 10), connection: 'close' },
  }),
  'is null': (right) => ({ ...right, body: 'null' }),
  'is a list': (right) => ({ ...right, body: `[${text(right)}]` }),
  'has nothing of what it should have': (right) => ({ ...right, body: '{}' }),
  'has ports that are no list': (right) => ({ ...right, body: '{"ports":{},"token":7}' }),
  'is larger than allowed': (right) => ({ ...right, body: text(right) + ' '.repeat(5 * 1024 * 1024) }),
};

/** What only Neutron can get wrong. */
const WRONG_PORTS: Readonly<Record<string, Wrong>> = {
  'has ports without their fields': changed(() => ({})),
  'has numbers for ids': changed((each) => ({ ...each, device_id: 7, network_id: 7 })),
  'has null for ids': changed((each) => ({ ...each, device_id: null, network_id: null })),
  'has ports of other networks': changed((each) => ({ ...each, network_id: uuid(668), device_id: uuid(666) })),
  'has ports of other addresses': changed((each) => ({
    ...each,
    device_id: uuid(666),
    ...(each['fixed_ips'] !== undefined && { fixed_ips: [{ ip_address: '10.9.9.9' }] }),
    // By which who asks from a link-local address is told.
    ...(each['mac_address'] !== undefined && { mac_address: 'fa:16:3e:99:99:99' }),
  })),
  'has a port too many': (right) => {
    const { ports } = JSON.parse(text(right)) as { ports?: unknown[] };
    return json(200, { ports: [...(ports ?? []), stranger] });
  },
  'has a stranger’s port only': () => json(200, { ports: [stranger] }),
};

async function setUp(keystone: Say, neutron: Say): Promise<{ setup: Setup; resolver: Resolver }> {
  cloud.keystone.say = keystone;
  cloud.neutron.say = neutron;
  const setup = connect(cloud);
  return { setup, resolver: new Resolver({ source: setup.source, timeoutMs: 5000 }) };
}

function wrongly(right: Say, wrong: Wrong, isWrong: (asked: Asked) => boolean = () => true): Say {
  return async (asked) => {
    const answer = await right(asked);
    return answer === undefined || !isWrong(asked) ? answer : wrong(answer, asked);
  };
}

/** A look-up must fail with a SourceError that tells no secret. */
async function assertFails(resolver: Resolver): Promise<void> {
  await assert.rejects(resolver.resolve(asker('10.0.0.5')), (error) => {
    assert.ok(error instanceof SourceError, String(error));
    for (const secret of [PASSWORD, 'gAAAAAB']) assert.ok(!error.message.includes(secret), error.message);
    return true;
  });
}

for (const [what, wrong] of Object.entries(WRONG)) {
  test(`an answer of Keystone that ${what} is an error`, async () => {
    cloud.ports = [routerPort(NETWORK), port({})];
    const { setup, resolver } = await setUp(wrongly(cloud.says.keystone, wrong), cloud.says.neutron);
    await assertFails(resolver);
    await setup.close();
  });
}

for (const [what, wrong] of Object.entries({ ...WRONG, ...WRONG_PORTS })) {
  for (const [which, isWrong] of [
    ['about the router', (asked: Asked) => asked.path.includes('device_id=')],
    ['about the port', (asked: Asked) => !asked.path.includes('device_id=')],
  ] as const) {
    test(`an answer of Neutron ${which} that ${what} is an error`, async () => {
      cloud.ports = [routerPort(NETWORK), port({})];
      const { setup, resolver } = await setUp(cloud.says.keystone, wrongly(cloud.says.neutron, wrong, isWrong));
      await assertFails(resolver);
      await setup.close();
    });
  }
}

test('a property: whatever answers are wrong, in whatever order, only what the server has is found', async () => {
  const ports = fc.array(
    fc.record({
      ip: fc.constantFrom('10.0.0.5', '10.0.0.6'),
      network_id: fc.constantFrom(NETWORK, OTHER_NETWORK, uuid(202)),
      device_id: fc.constantFrom(INSTANCE, uuid(301), uuid(302), ''),
      device_owner: fc.constantFrom('compute:nova', 'network:dhcp'),
      mac_address: fc.constantFrom(MAC, OTHER_MAC),
    }),
    { maxLength: 6 },
  );
  const faults = fc.array(fc.option(fc.constantFrom(...Object.keys({ ...WRONG, ...WRONG_PORTS })), { freq: 2 }), {
    maxLength: 12,
  });
  const askers = fc.array(
    fc.record({
      ip: fc.constantFrom('10.0.0.5', '10.0.0.6', 'fe80::f816:3eff:fe00:b'),
      mac: fc.option(fc.constantFrom(MAC, OTHER_MAC), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const everyWrong: Readonly<Record<string, Wrong>> = { ...WRONG, ...WRONG_PORTS };
  let foundAtAll = 0;
  await fc.assert(
    fc.asyncProperty(ports, faults, askers, fc.integer({ min: 0, max: 2 }), async (given, planned, who, pageSize) => {
      cloud.ports = [routerPort(NETWORK), routerPort(OTHER_NETWORK), ...given.map((each) => port(each))];
      cloud.pageSize = pageSize;
      let turn = 0;
      const faulty: (right: Say) => Say = (right) => async (asked) => {
        const answer = await right(asked);
        const fault = everyWrong[planned[turn++] ?? ''];
        return answer === undefined || fault === undefined ? answer : fault(answer, asked);
      };
      const { setup, resolver } = await setUp(faulty(cloud.says.keystone), faulty(cloud.says.neutron));
      try {
        for (const { ip, mac } of who) {
          const resolution = await resolver.resolve(asker(ip, mac === undefined ? {} : { mac })).catch((error) => {
            assert.ok(error instanceof SourceError, String(error));
          });
          // A pause after a failure is over for the next asker.
          setup.clock.ms += 70_000;
          if (resolution?.kind !== 'found') continue;
          foundAtAll++;
          const { instanceId } = resolution.instance;
          const behind = given.filter((each) => each.network_id !== uuid(202));
          const possible = behind.filter((each) => (ip.startsWith('fe80') ? each.mac_address === MAC : each.ip === ip));
          // The server has it, and only once: not one of several.
          assert.deepEqual(
            possible.map((each) => each.device_id),
            [instanceId],
          );
          const own = behind.filter((each) => each.device_id === instanceId);
          assert.ok(mac === undefined || own.some((each) => each.mac_address === mac), 'a MAC of that instance');
        }
      } finally {
        await setup.close();
      }
    }),
    { numRuns: 150 },
  );
  assert.ok(foundAtAll > 0);
});
