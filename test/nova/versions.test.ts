/** What each version shows: first the lists of nova's source in a table, then everything else beside them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EC2_VERSIONS } from '../../src/nova/ec2-tree.ts';
import { OPENSTACK_VERSIONS } from '../../src/nova/openstack-tree.ts';
import { NovaService } from '../../src/nova/server.ts';
import { ask, type Reply } from './client.ts';
import { FULL, headersFor, PLAIN, SAMPLE, SECRET, USER_DATA } from './sample.ts';

const TEXT = 'text/plain; charset=UTF-8';
const JSON_TYPE = 'application/json';

let nova: NovaService;
before(async () => {
  nova = await NovaService.start({ inventory: SAMPLE, secret: Buffer.from(SECRET) });
});
after(() => nova.close());

function get(path: string, id = FULL): Promise<Reply> {
  return ask(nova.url, path, { headers: headersFor(id) });
}

/** A document, its type, and the version that brought it: of the list, and of the document where it came sooner. */
const documents: readonly (readonly [name: string, type: string, listed: string, served?: string])[] = [
  ['meta_data.json', JSON_TYPE, '2012-08-10'],
  ['user_data', TEXT, '2012-08-10'],
  ['password', 'text/html; charset=UTF-8', '2013-04-04'],
  ['vendor_data.json', JSON_TYPE, '2013-10-17'],
  ['network_data.json', TEXT, '2015-10-15', '2012-08-10'],
  ['vendor_data2.json', JSON_TYPE, '2016-10-06'],
];

/** A key of meta_data.json and the version that brought it. */
const keys: readonly (readonly [key: string, since: string])[] = [
  ...['uuid', 'meta', 'files', 'admin_pass', 'public_keys', 'keys', 'hostname', 'name', 'launch_index'].map(
    (key) => [key, '2012-08-10'] as const,
  ),
  ['availability_zone', '2012-08-10'],
  ['random_seed', '2013-04-04'],
  ['project_id', '2015-10-15'],
  ['devices', '2016-06-30'],
  ['dedicated_cpus', '2020-10-14'],
];

describe('the OpenStack tree', () => {
  test('lists all versions', async () => {
    assert.equal((await get('/openstack')).text, [...OPENSTACK_VERSIONS, 'latest'].join('\n'));
  });

  for (const version of [...OPENSTACK_VERSIONS, 'latest']) {
    test(`of ${version} lists and serves what came until then`, async () => {
      const { status, type, text } = await get(`/openstack/${version}`);
      const listed = documents.filter(([, , since]) => version >= since).map(([name]) => name);
      assert.deepEqual({ status, type, text }, { status: 200, type: TEXT, text: listed.join('\n') });
      for (const [name, expected, since, served = since] of documents) {
        const reply = await get(`/openstack/${version}/${name}`);
        const isThere = version >= served;
        assert.deepEqual([reply.status, reply.type], isThere ? [200, expected] : [404, TEXT], name);
      }
    });

    test(`of ${version} has the keys of meta_data.json that came until then`, async () => {
      const shown = Object.keys(JSON.parse((await get(`/openstack/${version}/meta_data.json`)).text));
      assert.deepEqual(
        shown,
        keys.filter(([, since]) => version >= since).map(([key]) => key),
      );
    });
  }

  test('leaves out what an instance does not have', async () => {
    assert.equal(
      (await get('/openstack/latest', PLAIN)).text,
      'meta_data.json\npassword\nvendor_data.json\nnetwork_data.json\nvendor_data2.json',
    );
    assert.equal((await get('/openstack/latest/user_data', PLAIN)).status, 404);
    assert.equal((await get('/openstack/content/0000', PLAIN)).status, 404);
    const { random_seed: _, ...shown } = JSON.parse((await get('/openstack/latest/meta_data.json', PLAIN)).text);
    assert.deepEqual(shown, {
      uuid: PLAIN,
      hostname: `server-${PLAIN}.novalocal`,
      name: `Server ${PLAIN}`,
      launch_index: 0,
      availability_zone: 'nova',
      project_id: SAMPLE.instances[1]?.project,
      devices: [],
      dedicated_cpus: [],
    });
    assert.equal((await get('/openstack/latest/vendor_data2.json', PLAIN)).text, '{"static":{}}');
  });

  test('names the nic of which there is something to say, in each version what it can', async () => {
    const devices = async (version: string): Promise<readonly Record<string, unknown>[]> =>
      JSON.parse((await get(`/openstack/${version}/meta_data.json`)).text).devices;
    const place = { bus: 'pci', address: '0000:00:02.0', tags: ['blue'] };
    const mac = 'fa:16:3e:00:00:0a';
    assert.deepEqual((await devices('2016-06-30'))[0], { type: 'nic', mac, ...place });
    assert.deepEqual((await devices('2017-02-22'))[0], { type: 'nic', mac, vlan: 7, ...place });
    assert.deepEqual((await devices('2018-08-27'))[0], { type: 'nic', mac, vlan: 7, vf_trusted: true, ...place });
    assert.deepEqual(
      await Promise.all(['2016-06-30', '2017-02-22', '2018-08-27'].map(async (v) => (await devices(v)).length)),
      [2, 3, 4],
    );
  });

  test('has fresh randomness for each request', async () => {
    const replies = await Promise.all([1, 2].map(() => get('/openstack/latest/meta_data.json')));
    const seeds = replies.map(({ text }) => Buffer.from(JSON.parse(text).random_seed, 'base64'));
    assert.deepEqual(
      seeds.map(({ length }) => length),
      [512, 512],
    );
    assert.ok(!seeds[0]?.equals(seeds[1] ?? Buffer.alloc(0)));
  });

  test('gives bytes as they are', async () => {
    for (const path of ['/openstack/latest/user_data', '/latest/user-data']) {
      assert.deepEqual((await get(path)).bytes, USER_DATA);
    }
    assert.equal((await get('/openstack/content/0000')).text, 'Grüße\n');
    assert.deepEqual((await get('/openstack/content/0001')).bytes, Buffer.from('ff00fe', 'hex'));
  });

  test('makes network_data.json of the ports', async () => {
    const { links, networks, services } = JSON.parse((await get('/openstack/latest/network_data.json')).text);
    const [blue, green] = links;
    assert.deepEqual(
      links.map((link: { ethernet_mac_address: string }) => link.ethernet_mac_address),
      ['fa:16:3e:00:00:0a', 'fa:16:3e:00:00:1a'],
    );
    assert.deepEqual(
      networks.map(({ network_id: _, ...network }: { network_id: string }) => network),
      [
        { id: 'network0', type: 'ipv4_dhcp', link: blue.id },
        { id: 'network1', type: 'ipv6_dhcp', link: blue.id },
        { id: 'network2', type: 'ipv4_dhcp', link: green.id },
      ],
    );
    assert.equal(networks[2].network_id, '99999999-0000-4000-8000-000000000002');
    assert.deepEqual(services, [{ type: 'dns', address: '10.0.0.2' }]);
  });
});

/** A name in meta-data and the version that brought it. */
const names: readonly (readonly [name: string, since: string])[] = [
  ['ami-id', '1.0'],
  ['ami-launch-index', '1.0'],
  ['ami-manifest-path', '1.0'],
  ['block-device-mapping/', '2007-12-15'],
  ['hostname', '1.0'],
  ['instance-action', '2008-09-01'],
  ['instance-id', '1.0'],
  ['instance-type', '2007-08-29'],
  ['kernel-id', '2007-12-15'],
  ['local-hostname', '2007-01-19'],
  ['local-ipv4', '1.0'],
  ['placement/', '2008-02-01'],
  ['public-hostname', '2007-01-19'],
  ['public-ipv4', '2007-01-19'],
  ['public-keys/', '1.0'],
  ['ramdisk-id', '2007-12-15'],
  ['reservation-id', '1.0'],
  ['security-groups', '1.0'],
];

describe('the EC2 tree', () => {
  test('lists all versions', async () => {
    for (const path of ['/', '/ec2']) {
      assert.equal((await get(path)).text, [...EC2_VERSIONS, 'latest'].join('\n'));
    }
  });

  for (const version of [...EC2_VERSIONS, 'latest']) {
    test(`of ${version} lists and serves what came until then`, async () => {
      assert.equal((await get(`/${version}`)).text, 'meta-data/\nuser-data');
      const there = names.filter(([, since]) => version >= since).map(([name]) => name);
      const { type, text } = await get(`/${version}/meta-data/`);
      assert.deepEqual({ type, text }, { type: TEXT, text: there.join('\n') });
      for (const [name] of names) {
        const { status } = await get(`/ec2/${version}/meta-data/${name}`);
        assert.equal(status, there.includes(name) ? 200 : 404, name);
      }
      assert.equal((await get(`/${version}/user-data`)).status, 200);
    });
  }

  const values: readonly (readonly [path: string, text: string])[] = [
    ['ami-id', 'ami-0000002a'],
    ['ami-launch-index', '3'],
    ['block-device-mapping', 'ami\nebs0\nroot\nswap'],
    ['block-device-mapping/root', '/dev/vda'],
    ['hostname', 'full-one.example'],
    ['instance-action', 'none'],
    ['instance-id', 'i-0000002a'],
    ['instance-type', 'm1.large'],
    ['kernel-id', 'aki-0000002a'],
    ['local-hostname', 'full-one.example'],
    ['local-ipv4', '10.0.0.5'],
    ['placement/', 'availability-zone'],
    ['placement/availability-zone', 'zone-1'],
    ['public-hostname', 'full-one.example'],
    ['public-ipv4', '192.0.2.7'],
    ['public-keys/', '0=my key'],
    ['public-keys/0/', 'openssh-key'],
    ['public-keys/0/openssh-key', 'ssh-ed25519 AAAAC3Nz me@example.org'],
    ['ramdisk-id', 'ari-0000002a'],
    ['reservation-id', 'r-2a2a2a2a'],
    ['security-groups', 'default\nweb'],
  ];
  for (const [path, text] of values) {
    test(`has ${JSON.stringify(text)} at ${path}`, async () => {
      assert.equal((await get(`/latest/meta-data/${path}`)).text, text);
    });
  }

  test('without an address of its own an instance has the one that asks', async () => {
    assert.equal((await get('/latest/meta-data/local-ipv4', PLAIN)).text, '10.0.0.5');
    const headers = headersFor(PLAIN, { 'X-Forwarded-For': undefined });
    assert.equal((await ask(nova.url, '/latest/meta-data/local-ipv4', { headers })).text, 'None');
  });

  test('leaves out what an instance does not have', async () => {
    assert.equal((await get('/latest', PLAIN)).text, 'meta-data/');
    assert.equal((await get('/latest/user-data', PLAIN)).status, 404);
    assert.doesNotMatch((await get('/latest/meta-data', PLAIN)).text, /public-keys|kernel-id|ramdisk-id/);
    assert.equal((await get('/latest/meta-data/instance-id', PLAIN)).text, 'i-00000002');
  });
});

describe('a path that is not there', () => {
  const paths = [
    '/latest/api/token',
    '/2021-03-23/meta-data/instance-id',
    '/latest/meta-data/constructor',
    '/latest/meta-data/public-keys/1',
    '/openstack/1999-01-01',
    '/openstack/latest/meta_data.json/more',
    '/openstack/content',
    '/openstack/content/0002',
    '/openstack/content/0000/more',
    '/openstack/latest/content/0000',
  ];
  for (const path of paths) {
    test(`${path} is 404`, async () => {
      assert.equal((await get(path)).text, '404 Not Found\n\nThe resource could not be found.\n\n   ');
    });
  }
});
