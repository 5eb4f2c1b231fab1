/** The same requests to nova's own code and to ours. Release 26, which has all but the last version and its shares. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PYTHON } from '../../bench/agent/python-agent.ts';
import { signInstanceId } from '../../src/nova/authenticate.ts';
import { EC2_VERSIONS } from '../../src/nova/ec2-tree.ts';
import { type NovaInstance, novaInstances } from '../../src/nova/instance.ts';
import { OPENSTACK_VERSIONS } from '../../src/nova/openstack-tree.ts';
import { NovaService } from '../../src/nova/server.ts';
import { UNPACKED, unlessThere } from '../kit/peers.ts';
import { ROOT } from '../tidy/sources.ts';
import { ask, type Reply } from './client.ts';
import { FULL, headersFor, PLAIN, SAMPLE, SECRET } from './sample.ts';

interface Asked {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface NovaAnswer {
  readonly status: number;
  readonly type?: string;
  /** Base64; absent when nova's code threw. */
  readonly body?: string;
}

const NEWEST = '2025-04-04';
const instances = novaInstances(SAMPLE, 'sample.yaml');
const UNKNOWN = 'eeeeeeee-0000-4000-8000-00000000000e';
const sign = (id: string) => signInstanceId(Buffer.from(SECRET), id);

function get(path: string, headers = headersFor(FULL)): Asked {
  return { path, method: 'GET', headers, body: '' };
}

/** Every version and document, for the instance that has all and for the one that has nothing. */
const trees: readonly Asked[] = [FULL, PLAIN].flatMap((id) => {
  const openstack = [...OPENSTACK_VERSIONS.filter((version) => version !== NEWEST), 'latest', '2012-01-01'];
  const documents = ['', 'meta_data.json', 'user_data', 'vendor_data.json', 'vendor_data2.json', 'network_data.json'];
  const below = [...documents, 'password', 'version', 'content', 'content/0000', 'meta_data.json/x', 'nothing'];
  const names = [
    ...['ami-id', 'ami-launch-index', 'ami-manifest-path', 'block-device-mapping', 'block-device-mapping/root'],
    ...['hostname', 'hostname/x', 'hostname/x/y', 'instance-action', 'instance-id', 'instance-type', 'kernel-id'],
    ...['local-hostname', 'local-ipv4', 'placement', 'placement/availability-zone', 'public-hostname', 'public-ipv4'],
    ...['public-keys', 'public-keys/0', 'public-keys/0/openssh-key', 'public-keys/0/_name', 'public-keys/0=my%20key'],
    ...['ramdisk-id', 'reservation-id', 'security-groups', 'security-groups/default', 'security-groups/x', 'nothing'],
    ...['ami-launch-index/x', 'ancestor-ami-ids', 'product-codes', 'constructor', ''],
  ];
  const contents = ['', '0000', '0001', '0002', '0000/x'].map((number) => `/openstack/content/${number}`);
  return [
    ...openstack.flatMap((version) => below.map((name) => `/openstack/${version}/${name}`)),
    ...contents,
    ...[...EC2_VERSIONS, 'latest', '2021-03-23'].flatMap((version) => [
      ...['', '/user-data', '/user-data/x', '/nothing'].map((name) => `/${version}${name}`),
      ...names.map((name) => `/${version}/meta-data/${name}`),
    ]),
  ].map((path) => get(path, headersFor(id)));
});

const paths: readonly Asked[] = [
  ...[
    '/',
    '//',
    '///',
    '//openstack',
    '/ec2',
    '/ec2/',
    '/ec2/latest',
    '/ec2/ec2',
    '/.',
    '/..',
    '/latest/..',
    '/x/../..',
  ],
  ...['/latest%2Fmeta-data', '/latest/meta%ff', '/latest/%zz', '/latest/./meta-data/../user-data', '/latest?x=/../y'],
  ...['/openstack/../latest', '/openstack/latest/../../latest/', '/%2e%2e/latest', '/latest/api/token', '/OPENSTACK'],
].flatMap((path) => [get(path), get(path, {})]);

const provider = { 'X-Metadata-Provider': 'lb <1>' };
const identities: readonly Asked[] = [
  {},
  { 'X-Instance-ID': undefined },
  { 'X-Tenant-ID': undefined },
  { 'X-Instance-ID-Signature': undefined },
  { 'X-Instance-ID': undefined, 'X-Tenant-ID': undefined },
  { 'X-Instance-ID-Signature': undefined, 'X-Tenant-ID': undefined },
  { 'X-Instance-ID': '' },
  { 'X-Instance-ID-Signature': '' },
  { 'X-Instance-ID-Signature': sign(PLAIN) },
  { 'X-Instance-ID-Signature': sign(FULL).toUpperCase() },
  { 'X-Instance-ID': UNKNOWN },
  { 'X-Instance-ID': UNKNOWN, 'X-Instance-ID-Signature': sign(UNKNOWN) },
  { 'X-Tenant-ID': 'other' },
  { 'X-Tenant-ID': '' },
  { 'X-Forwarded-For': undefined },
  { 'X-Metadata-Provider': '' },
  provider,
  { ...provider, 'X-Forwarded-For': undefined },
  { ...provider, 'X-Metadata-Provider-Signature': sign('lb <1>') },
].flatMap((changes) =>
  ['text/plain', '*/*', 'application/json'].map((accept) => {
    return get('/latest/meta-data/instance-id', headersFor(FULL, { ...changes, Accept: accept }));
  }),
);

const PASSWORD_PATH = '/openstack/2013-04-04/password';
const passwords: readonly Asked[] = [
  ['PUT', 'x'],
  ['DELETE', ''],
  ['POST', 'x'.repeat(1021)],
  ['POST', ''],
  ['POST', '\u00ff'],
  ['GET', ''],
  ['POST', 'x'.repeat(1020)],
  ['POST', 'y'],
  ['POST', 'y'.repeat(2000)],
  ['GET', ''],
].map(([method = '', body = '']) => ({
  ...{ path: PASSWORD_PATH, method, headers: headersFor(FULL) },
  body: Buffer.from(body, 'latin1').toString('base64'),
}));

const methods: readonly Asked[] = ['POST', 'PUT', 'DELETE', 'OPTIONS'].flatMap((method) =>
  ['/latest/meta-data/hostname', '/openstack/latest/user_data', '/nothing', '/openstack/2012-08-10/password'].map(
    (path) => ({ ...get(path), method }),
  ),
);

const groups = { trees, paths, identities, passwords, methods };

describe('the embedded nova beside the real one', { skip: unlessThere('python3-nova', 'python3-webob') }, () => {
  let nova: NovaService;
  const expected = new Map<Asked, NovaAnswer>();

  before(async () => {
    const all = Object.values(groups).flat();
    const answers = answersOfNova(all);
    for (const [index, asked] of all.entries()) expected.set(asked, answers[index] ?? { status: 0 });
    nova = await NovaService.start({ inventory: SAMPLE, secret: Buffer.from(SECRET) });
  });
  after(() => nova.close());

  for (const [name, requests] of Object.entries(groups)) {
    test(`answers ${requests.length} requests the same: ${name}`, async () => {
      for (const asked of requests) {
        const { path, method, headers } = asked;
        const answer = expected.get(asked);
        assert.ok(answer);
        const body = Buffer.from(asked.body, 'base64');
        const reply = await ask(nova.url, path, { method, headers, ...(body.length > 0 && { body }) });
        assertSame(reply, answer, `${method} ${path}`);
      }
    });
  }
});

function assertSame(reply: Reply, { status, type, body }: NovaAnswer, what: string): void {
  assert.equal(reply.status, status, what);
  // Where nova throws, the page is the WSGI server's.
  if (body === undefined) return;
  assert.equal(reply.type, type, what);
  const bytes = Buffer.from(body, 'base64');
  const said = bytes.toString();
  if (said.startsWith('{')) assert.deepEqual(parsed(reply.text), parsed(said), what);
  else assert.ok(reply.bytes.equals(bytes), `${what}: ${reply.text} instead of ${said}`);
}

/** A document of JSON, with the length of `random_seed` in its place. */
function parsed(text: string): unknown {
  return JSON.parse(text, (key, value) => (key === 'random_seed' ? Buffer.from(value, 'base64').length : value));
}

function answersOfNova(requests: readonly Asked[]): readonly NovaAnswer[] {
  const known = [...instances.values()].map(knownToNova);
  const input = JSON.stringify({ secret: SECRET, instances: known, requests });
  const packages = join(UNPACKED, 'usr/lib/python3/dist-packages');
  const args = [join(ROOT, 'test/kit/nova-metadata.py'), packages];
  const { status, stdout, stderr } = spawnSync(PYTHON, args, { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as readonly NovaAnswer[];
}

/** An instance as nova's database has it. */
function knownToNova(instance: NovaInstance): unknown {
  const { key } = instance;
  return {
    uuid: instance.id,
    project_id: instance.project,
    display_name: instance.name,
    hostname: instance.hostname,
    launch_index: instance.launchIndex,
    availability_zone: instance.availabilityZone,
    metadata: instance.meta,
    user_data: instance.userData === undefined ? null : Buffer.from(instance.userData).toString('base64'),
    key_name: key?.name ?? null,
    key_data: key?.data ?? null,
    keypairs: key === undefined ? [] : [{ name: key.name, type: key.type, public_key: key.data }],
    ec2_ids: {
      instance_id: instance.ec2Id,
      ami_id: instance.amiId,
      kernel_id: instance.kernelId ?? null,
      ramdisk_id: instance.ramdiskId ?? null,
    },
    reservation_id: instance.reservationId,
    instance_type: instance.instanceType,
    security_groups: instance.securityGroups.map((name) => ({ name })),
    block_device_mapping: instance.blockDeviceMapping,
    devices: instance.devices,
    dedicated_cpus: instance.dedicatedCpus,
    extra_md: instance.adminPass === undefined ? {} : { admin_pass: instance.adminPass },
    files: instance.files.map(({ path, content_path }) => [path, contentOf(instance, content_path)]),
    vendor_data: instance.vendorData,
    vendor_data2: Object.fromEntries(Object.entries(instance.vendorData2).filter(([name]) => name !== 'static')),
    info_cache: {
      network_info: {
        network_data: instance.networkData,
        network_config: null,
        fixed_ips: instance.localIpv4 === undefined ? [] : [instance.localIpv4],
        floating_ips: instance.publicIpv4 === '' ? [] : [instance.publicIpv4],
      },
    },
  };
}

function contentOf({ content }: NovaInstance, path: string): string {
  const body = content.get(path.replace('/content/', ''));
  return Buffer.from(body ?? '').toString('base64');
}
