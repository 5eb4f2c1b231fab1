import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { examine } from '../../src/doctor/doctor.ts';
import type { Probed, Surroundings } from '../../src/doctor/surroundings.ts';
import { MetasteerError } from '../../src/errors.ts';

const UUID = '7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f';
const ALL_CAPABILITIES = 'CapEff:\t000001ffffffffff\n';
const LIMITS =
  'Limit                     Soft Limit           Hard Limit           Units     \n' +
  'Max open files            1024                 1048576              files     \n' +
  'Max locked memory         8388608              8388608              bytes     \n';
const GOOD: Probed = {
  sandbox: undefined,
  bpf: undefined,
  programs: undefined,
  clsact: undefined,
  tcx: undefined,
  macvlan: undefined,
  'xdp-generic': undefined,
  'xdp-native': undefined,
};
const INTERFACE = {
  namespace: `qrouter-${UUID}`,
  name: 'qr-1',
  owner: UUID,
  kind: 'veth',
  strangers: { filters: 0, tcx: 0, xdp: 0 },
};

interface Machine {
  readonly around?: Partial<Surroundings>;
  readonly files?: Readonly<Record<string, string>>;
  readonly folders?: Readonly<Record<string, readonly string[]>>;
  readonly probed?: Partial<Probed>;
  readonly strangers?: Partial<(typeof INTERFACE)['strangers']>;
}

/** A machine on which all is well, but for what is given. */
function machineWith({ around, files = {}, folders = {}, probed = {}, strangers = {} }: Machine): Surroundings {
  const texts: Readonly<Record<string, string>> = {
    '/proc/self/status': ALL_CAPABILITIES,
    '/proc/self/limits': LIMITS,
    '/proc/self/mounts': 'tmpfs /run tmpfs rw 0 0\n',
    '/proc/sys/net/core/bpf_jit_enable': '1\n',
    ...files,
  };
  const lists: Readonly<Record<string, readonly string[]>> = {
    '/run/netns': [INTERFACE.namespace],
    '/sys/kernel/btf': ['vmlinux'],
    ...folders,
  };
  const looked = [{ ...INTERFACE, strangers: { ...INTERFACE.strangers, ...strangers } }];
  return {
    uid: 0,
    kernelRelease: '6.1.0-21-amd64',
    architecture: 'x64',
    nodeVersion: 'v20.18.1',
    readText: (path) => texts[path],
    list: (path) => lists[path] ?? [],
    shimProblem: async () => undefined,
    probe: async () => ({ ...GOOD, ...probed }),
    interfaces: async () => ({ looked, count: 1, broken: new Map() }),
    agentSocket: () => ({ user: 'neutron' }),
    connects: async () => undefined,
    ...around,
  };
}

async function notOk(machine: Machine, yaml = '') {
  const text = yaml.startsWith('agent:') ? yaml : `agent: { socket: /a }\n${yaml}`;
  const findings = await examine(parseConfig(text, 'c.yaml'), machineWith(machine));
  return findings.filter(({ result }) => result !== 'ok');
}

describe('the doctor', () => {
  test('finds nothing wrong on a machine where all is well, and has looked at everything', async () => {
    assert.deepEqual(await notOk({}), []);
    const findings = await examine(parseConfig('agent: { socket: /a }', 'c.yaml'), machineWith({}));
    assert.deepEqual(
      [...new Set(findings.map(({ area }) => area))],
      ['program', 'privileges', 'limits', 'mounts', 'kernel', 'neutron', 'agent', 'interfaces', 'haproxy'],
    );
  });

  const missing = new MetasteerError('agent-socket-missing', 'there is no agent socket at /a');
  const cases: readonly [
    title: string,
    machine: Machine,
    area: string,
    result: 'warning' | 'failure',
    message: RegExp,
    yaml?: string,
  ][] = [
    ['an old Node', { around: { nodeVersion: 'v18.19.0' } }, 'program', 'failure', /Node v18\.19\.0 is older/],
    [
      'a missing library',
      { around: { shimProblem: async () => 'libmnl.so.0: cannot open' } },
      'program',
      'failure',
      /libmnl\.so\.0/,
    ],
    [
      'missing capabilities',
      { files: { '/proc/self/status': 'CapEff:\t00000000a80425fb\n' } },
      'privileges',
      'failure',
      /root without CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_SYS_ADMIN$/,
    ],
    [
      'few open files',
      { files: { '/proc/self/limits': LIMITS.replace('1048576', '4096   ') } },
      'limits',
      'warning',
      /4096 open files are less than/,
    ],
    [
      'locked memory on an old kernel',
      { around: { kernelRelease: '5.10.0-46-amd64' } },
      'limits',
      'warning',
      /8388608 bytes of locked memory/,
    ],
    ['a container without namespaces', { folders: { '/run/netns': [] } }, 'mounts', 'warning', /has no namespaces/],
    [
      'a read-only /proc/sys',
      { files: { '/proc/self/mounts': 'proc /proc/sys proc ro,nosuid 0 0\n' } },
      'mounts',
      'failure',
      /read-only/,
    ],
    ['an old kernel', { around: { kernelRelease: '4.19.0' }, files: { '/proc/self/limits': LIMITS.replaceAll('8388608', 'unlimited') } }, 'kernel', 'failure', /4\.19\.0 is older than 5\.10|Linux 4\.19\.0/], // biome-ignore format: one row
    ['another processor', { around: { architecture: 's390x' } }, 'kernel', 'failure', /s390x/],
    ['a kernel without bpf()', { probed: { bpf: 'EPERM' } }, 'kernel', 'failure', /^bpf\(\): EPERM/],
    ['a verifier that refuses', { probed: { programs: 'R1 is bad' } }, 'kernel', 'failure', /R1 is bad/],
    [
      'a container that lets no worker be shut in',
      { probed: { sandbox: 'a worker could not be shut in' } },
      'kernel',
      'failure',
      /could not be shut in/,
    ],
    ['workers that are not shut in', {}, 'kernel', 'warning', /worker\.sandbox is off/, 'worker: { sandbox: off }'],
    [
      'workers that share the agent’s user',
      { around: { agentSocket: () => ({ user: 'neutron', weakness: 'workers run as neutron, who owns it' }) } },
      'agent',
      'warning',
      /workers run as neutron/,
    ],
    ['a kernel without macvlan', { probed: { macvlan: 'EOPNOTSUPP' } }, 'kernel', 'failure', /^macvlan: EOPNOTSUPP/],
    [
      'no tcx where it is wanted',
      { probed: { tcx: 'EOPNOTSUPP' } },
      'kernel',
      'failure',
      /tcx links, which/,
      'steering: { attach: tcx }',
    ],
    ['no clsact and no tcx', { probed: { tcx: 'no', clsact: 'ENOENT' } }, 'kernel', 'failure', /clsact: ENOENT/],
    ['no clsact', { probed: { clsact: 'ENOENT' } }, 'kernel', 'warning', /clsact: ENOENT/],
    [
      'no XDP for the shield',
      { probed: { 'xdp-generic': 'EOPNOTSUPP' } },
      'kernel',
      'warning',
      /^XDP: EOPNOTSUPP/,
      'guard: { xdp: auto }',
    ],
    [
      'programs that are interpreted',
      { files: { '/proc/sys/net/core/bpf_jit_enable': '0\n' } },
      'kernel',
      'warning',
      /interpreted/,
    ],
    [
      'another socket in Neutron’s files',
      {
        folders: { '/etc/neutron': ['metadata_agent.ini', 'policy.yaml'] },
        files: { '/etc/neutron/metadata_agent.ini': '[DEFAULT]\n\nmetadata_proxy_socket = /b\n' },
      },
      'neutron',
      'warning',
      /metadata_agent\.ini:3 has metadata_proxy_socket \/b, and `agent\.socket` is \/a/,
    ],
    [
      'the wrong generation of agents',
      { folders: { '/usr/lib/python3/dist-packages': ['neutron-26.0.1.dist-info', 'neutron_lib-3.1.egg-info'] } },
      'neutron',
      'failure',
      /Neutron 26 is installed, whose agent is one-shot, and `agent\.generation` is keep-alive/,
      'agent: { socket: /a, generation: keep-alive }',
    ],
    [
      'no agent',
      { around: { agentSocket: () => ({ user: 'nobody', problem: missing }) } },
      'agent',
      'failure',
      /no agent socket at \/a/,
    ],
    [
      'a user that is root',
      {
        around: {
          agentSocket: () => {
            throw new MetasteerError('worker-user-root', 'the worker would run as root');
          },
        },
      },
      'agent',
      'failure',
      /would run as root/,
    ],
    [
      'an agent that does not accept',
      { around: { connects: async () => 'ECONNREFUSED' } },
      'agent',
      'failure',
      /accepts no connections: ECONNREFUSED/,
    ],
    [
      'nothing to steer',
      { around: { interfaces: async () => ({ looked: [], count: 0, broken: new Map() }) } },
      'interfaces',
      'warning',
      /no interface is selected/,
    ],
    [
      'a broken namespace',
      { around: { interfaces: async () => ({ looked: [], count: 1, broken: new Map([['qrouter-x', 'EINVAL']]) }) } },
      'interfaces',
      'failure',
      /qrouter-x cannot be read: EINVAL/,
    ],
    [
      'filters of others',
      { strangers: { filters: 2 } },
      'interfaces',
      'warning',
      /tc filters of others on qrouter-.*\/qr-1/,
    ],
    ['tcx programs of others', { strangers: { tcx: 1 } }, 'interfaces', 'warning', /tcx programs of others/],
    ['an XDP program of others', { strangers: { xdp: 1 } }, 'interfaces', 'warning', /an XDP program of others/],
  ];
  for (const [title, machine, area, result, message, yaml = ''] of cases) {
    test(`finds ${title}`, async () => {
      const findings = await notOk(machine, yaml);
      assert.equal(findings.length, 1, JSON.stringify(findings));
      const [finding] = findings;
      assert.deepEqual([finding?.area, finding?.result], [area, result]);
      assert.match(finding?.message ?? '', message);
      assert.match(finding?.action ?? '', /\.$/, 'it says what to do');
    });
  }

  test('says what was not tried without root', async () => {
    const found = await notOk({ around: { uid: 1000, probe: () => assert.fail('it needs root') } });
    assert.deepEqual(
      found.map(({ area, result }) => [area, result]),
      [
        ['privileges', 'warning'],
        ['kernel', 'failure'],
      ],
    );
  });

  test('names the routers that a haproxy serves', async () => {
    const machine = machineWith({
      folders: { '/proc': ['1', '77', 'self'] },
      files: {
        '/proc/1/cmdline': '/sbin/init\0',
        '/proc/77/cmdline': `haproxy\0-f\0/var/lib/neutron/ns-metadata-proxy/${UUID}.conf\0`,
      },
    });
    const findings = await examine(parseConfig('agent: { socket: /a }', 'c.yaml'), machine);
    const haproxy = findings.find(({ area }) => area === 'haproxy');
    assert.match(haproxy?.message ?? '', new RegExp(`^1 run beside .*${UUID}$`));
  });

  test('goes on when one look goes wrong', async () => {
    const around = { probe: () => Promise.reject(new Error('the disk is full')) };
    const found = await notOk({ around });
    assert.deepEqual(
      found.map(({ area, message }) => [area, message]),
      [['kernel', 'it could not be looked at: the disk is full']],
    );
  });
});
