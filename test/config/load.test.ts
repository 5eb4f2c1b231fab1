import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { type ErrorCode, MetasteerError } from '../../src/errors.ts';

const UUID = '7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f';
const AGENT = 'agent: { socket: /run/agent.sock }\n';

const DEFAULTS = {
  runDir: '/run/metasteer',
  namespace: 'metasteer',
  netnsDir: '/run/netns',
  workers: 1,
  agent: {
    socket: '/run/agent.sock',
    generation: 'auto',
    concurrency: 'auto',
    queueLength: 4096,
    queueTimeoutMs: 8000,
    retryMs: 50,
    clientMac: true,
  },
  admin: { socket: '/run/metasteer/admin.sock' },
  worker: { sandbox: true, heapBytes: 512 * 1024 * 1024 },
  discovery: {
    rescanMs: 300_000,
    exclude: [],
    routers: { namespaces: 'qrouter-{uuid}', interfaces: ['qr-*'] },
    networks: { namespaces: 'qdhcp-{uuid}', interfaces: ['tap*', 'ns-*'] },
    ovnNetworks: { namespaces: 'ovnmeta-{uuid}', interfaces: ['tap*'] },
  },
  ports: [],
  steering: {
    attach: 'auto',
    portsMax: 1024,
    neighboursMax: 131072,
    neighboursPerPortMax: 16384,
    neighbourIdleMs: 3_600_000,
    flowsMax: 32_768,
    staleAfterMs: 2000,
    takeOverMs: 32_000,
    drainMs: 3000,
    onExit: 'release',
  },
  guard: {
    sourceRate: 100,
    sourceBurst: 512,
    sourceConnections: 512,
    portRate: 2000,
    portBurst: 16_384,
    portConnections: 8192,
    xdp: 'off',
    xdpMode: 'auto',
    xdpOn: 5000,
    xdpCalmMs: 30_000,
  },
  rateLimiting: {
    enabled: false,
    ipVersions: [4],
    baseWindowMs: 10_000,
    baseLimit: 10,
    burstWindowMs: 10_000,
    burstLimit: 10,
    countRefused: false,
  },
  metadataHaproxy: {
    timeoutConnectMs: 30_000,
    timeoutClientMs: 32_000,
    timeoutServerMs: 32_000,
    timeoutHttpRequestMs: 30_000,
    timeoutHttpKeepAliveMs: 30_000,
  },
  limits: {
    headSizeBytes: 16_384,
    headerCount: 100,
    targetLengthBytes: 8192,
    bodySizeBytes: 65_536,
    connections: 16_384,
  },
  metrics: { ownerLabel: false, ownersMax: 100 },
  log: { level: 'info', access: 'errors' },
};

describe('a valid configuration', () => {
  test('with the agent socket alone has every default', () => {
    assert.deepEqual(parseConfig(AGENT, 'c.yaml'), DEFAULTS);
  });

  /** What the file says beside the agent's socket, and what it changes against the defaults. */
  const cases: readonly [title: string, yaml: string, change: object][] = [
    ['admin.socket follows run_dir', 'run_dir: /run/b', { runDir: '/run/b', admin: { socket: '/run/b/admin.sock' } }],
    [
      'admin.socket may be elsewhere',
      'run_dir: /run/b\nadmin: { socket: /a }',
      { runDir: '/run/b', admin: { socket: '/a' } },
    ],
    [
      'a user of workers',
      'worker: { user: neutron }',
      { worker: { user: 'neutron', sandbox: true, heapBytes: 512 * 1024 * 1024 } },
    ],
    [
      'workers that are not shut in',
      'worker: { sandbox: off }',
      { worker: { sandbox: false, heapBytes: 512 * 1024 * 1024 } },
    ],
    [
      'UUIDs in lower case',
      `discovery: { include: [${UUID.toUpperCase()}], exclude: [] }`,
      { discovery: { ...DEFAULTS.discovery, include: [UUID] } },
    ],
    [
      'an empty list of routers is not all of them',
      'discovery: { include: [] }',
      { discovery: { ...DEFAULTS.discovery, include: [] } },
    ],
    ['the word off is no boolean', 'log: { access: off }', { log: { ...DEFAULTS.log, access: 'off' } }],
    ['a duration in seconds', 'discovery: { rescan: 0.5 }', { discovery: { ...DEFAULTS.discovery, rescanMs: 500 } }],
    [
      'a duration with a unit',
      'discovery: { rescan: 1.5m }',
      { discovery: { ...DEFAULTS.discovery, rescanMs: 90_000 } },
    ],
    ['a size in bytes', 'limits: { body_size: 1000 }', { limits: { ...DEFAULTS.limits, bodySizeBytes: 1000 } }],
    ['a size with a unit', 'limits: { body_size: 1MiB }', { limits: { ...DEFAULTS.limits, bodySizeBytes: 1_048_576 } }],
    ['a section without keys', 'limits: {}', {}],
    ['comments and a document start', '# text\n---', {}],
    ['JSON is YAML', '{ "netns_dir": "/n" }', { netnsDir: '/n' }],
  ];
  for (const [title, yaml, change] of cases) {
    test(title, () => {
      const text = yaml.startsWith('{')
        ? yaml.replace('{', '{ "agent": { "socket": "/run/agent.sock" },')
        : `${yaml}\n${AGENT}`;
      assert.deepEqual(parseConfig(text, 'c.yaml'), { ...DEFAULTS, ...change });
    });
  }
});

interface BadCase {
  readonly title: string;
  readonly yaml: string;
  readonly code: ErrorCode;
  /** The whole message, line by line. */
  readonly lines: readonly (string | RegExp)[];
}

const DURATION = 'seconds, or a number with ms, s, m or h';

const badCases: readonly BadCase[] = [
  {
    title: 'an unknown key with the nearest known one',
    yaml: 'agent:\n  socket: /a\n  concurency: 5\n',
    code: 'config-unknown-key',
    lines: ['c.yaml:3:3: agent.concurency: unknown key; did you mean `concurrency`?'],
  },
  {
    title: 'an unknown key that differs in case and dashes',
    yaml: 'agent: { socket: /a, queueLength: 5, queue-timeout: 1 }\n',
    code: 'config-unknown-key',
    lines: [
      'c.yaml:1:22: agent.queueLength: unknown key; did you mean `queue_length`?',
      'c.yaml:1:38: agent.queue-timeout: unknown key; did you mean `queue_timeout`?',
    ],
  },
  {
    title: 'a key that belongs into a section',
    yaml: `${AGENT}ports_max: 5\n`,
    code: 'config-unknown-key',
    lines: ['c.yaml:2:1: ports_max: unknown key; did you mean `steering.ports_max`?'],
  },
  {
    title: 'an unknown key that is like no other',
    yaml: `${AGENT}log: { colour: red }\n`,
    code: 'config-unknown-key',
    lines: ['c.yaml:2:8: log.colour: unknown key; known here: level, access'],
  },
  {
    title: 'a number as a key',
    yaml: `${AGENT}7: x\n`,
    code: 'config-unknown-key',
    lines: [/^c\.yaml:2:1: 7: unknown key; known here: run_dir, /],
  },
  {
    title: 'a prototype as a key',
    yaml: `${AGENT}__proto__: { run_dir: /x }\n`,
    code: 'config-unknown-key',
    lines: [/^c\.yaml:2:1: __proto__: unknown key; known here: run_dir, /],
  },
  {
    title: 'a missing required section',
    yaml: 'log: { level: debug }\n',
    code: 'config-missing-key',
    lines: ['c.yaml:1:1: agent.socket: is required: an absolute path of at most 107 bytes'],
  },
  {
    title: 'a missing required key, at its section',
    yaml: 'log: {}\nagent: { retry: 1s }\n',
    code: 'config-missing-key',
    lines: ['c.yaml:2:1: agent.socket: is required: an absolute path of at most 107 bytes'],
  },
  {
    title: 'a relative path',
    yaml: 'agent: { socket: run/a }\n',
    code: 'config-invalid-value',
    lines: ['c.yaml:1:18: agent.socket: expected an absolute path of at most 107 bytes, not "run/a"'],
  },
  {
    title: 'a socket path longer than the kernel takes',
    yaml: `agent: { socket: /${'x'.repeat(107)} }\n`,
    code: 'config-invalid-value',
    lines: [/^c\.yaml:1:18: agent\.socket: expected an absolute path of at most 107 bytes, not "\/x+\.\.\.$/],
  },
  {
    title: 'a duration without bounds or with another unit',
    yaml: 'agent:\n  socket: /a\n  retry: 2m\n  queue_timeout: 8 sec\n',
    code: 'config-invalid-value',
    lines: [
      `c.yaml:3:10: agent.retry: expected a duration from 1ms to 1m: ${DURATION}, not "2m"`,
      `c.yaml:4:18: agent.queue_timeout: expected a duration from 10ms to 10m: ${DURATION}, not "8 sec"`,
    ],
  },
  {
    title: 'a fraction of a millisecond',
    yaml: 'agent: { socket: /a, retry: 1.5ms }\n',
    code: 'config-invalid-value',
    lines: [`c.yaml:1:29: agent.retry: expected a duration from 1ms to 1m: ${DURATION}, not "1.5ms"`],
  },
  {
    title: 'not a number',
    yaml: 'agent: { socket: /a, retry: .nan, concurrency: .inf }\n',
    code: 'config-invalid-value',
    lines: [/agent\.retry: expected a duration/, /agent\.concurrency: expected a whole number from 1 to 1024, or auto/],
  },
  {
    title: 'a size in an ambiguous unit',
    yaml: `${AGENT}limits: { body_size: 64KB }\n`,
    code: 'config-invalid-value',
    lines: [
      'c.yaml:2:22: limits.body_size: expected a size from 0B to 16MiB: bytes, or a number with B, KiB, MiB or GiB, not "64KB"',
    ],
  },
  {
    title: 'numbers out of bounds, fractions and text',
    yaml: 'agent: { socket: /a, concurrency: 0 }\nsteering: { ports_max: 16385, neighbours_max: 1.5 }\nlimits: { header_count: "7" }\n',
    code: 'config-invalid-value',
    lines: [
      'c.yaml:1:35: agent.concurrency: expected a whole number from 1 to 1024, or auto, not 0',
      'c.yaml:2:24: steering.ports_max: expected a whole number from 1 to 16384, not 16385',
      'c.yaml:2:47: steering.neighbours_max: expected a whole number from 1 to 1048576, not 1.5',
      'c.yaml:3:25: limits.header_count: expected a whole number from 1 to 1000, not "7"',
    ],
  },
  {
    title: 'a word near one of the choices',
    yaml: 'agent: { socket: /a, generation: oneshot }\n',
    code: 'config-invalid-value',
    lines: [
      'c.yaml:1:34: agent.generation: expected one of auto, keep-alive, one-shot, not "oneshot"; did you mean `one-shot`?',
    ],
  },
  {
    title: 'a boolean where a word is wanted',
    yaml: `${AGENT}log: { access: false }\n`,
    code: 'config-invalid-value',
    lines: ['c.yaml:2:16: log.access: expected one of off, errors, all, not false'],
  },
  {
    title: 'a section that is empty, a list, or a word',
    yaml: `${AGENT}log:\nlimits: []\nworker: neutron\n`,
    code: 'config-invalid-value',
    lines: [
      'c.yaml:2:1: log: expected a mapping of keys, not nothing',
      'c.yaml:3:9: limits: expected a mapping of keys, not a list',
      'c.yaml:4:9: worker: expected a mapping of keys, not "neutron"',
    ],
  },
  {
    title: 'a mapping where a value is wanted',
    yaml: 'agent: { socket: { path: /a } }\n',
    code: 'config-invalid-value',
    lines: ['c.yaml:1:18: agent.socket: expected an absolute path of at most 107 bytes, not a mapping'],
  },
  {
    title: 'items of a list, each at its place',
    yaml: `${AGENT}discovery:\n  include:\n    - ${UUID}\n    - qrouter-${UUID}\n  exclude: ${UUID}\n`,
    code: 'config-invalid-value',
    lines: [
      `c.yaml:5:7: discovery.include[1]: expected a UUID, not "qrouter-${UUID}"`,
      `c.yaml:6:12: discovery.exclude: expected a list of UUIDs, not "${UUID}"`,
    ],
  },
  ...['qrouter-x', 'snat-1', '../x', 'a/b', '.', '-x', ''].map((name) => ({
    title: `the namespace ${JSON.stringify(name)}`,
    yaml: `${AGENT}namespace: "${name}"\n`,
    code: 'config-invalid-value' as const,
    lines: [/^c\.yaml:2:12: namespace: expected a name of at most 64 letters.*, not "/],
  })),
  {
    title: 'values that contradict each other',
    yaml: `${AGENT}steering: { on_exit: hold, attach: tcx }\nlimits: { target_length: 64KiB }\n`,
    code: 'config-invalid-value',
    lines: [
      'c.yaml:2:22: steering.on_exit: cannot be hold with attach: tcx, whose links end with the daemon',
      'c.yaml:3:26: limits.target_length: must not exceed head_size, which is 16384 bytes',
    ],
  },
  {
    title: 'problems of several kinds at once, in the order of the file',
    yaml: 'log: { level: loud }\nagnet: { socket: /a }\n',
    code: 'config-missing-key',
    lines: [
      'c.yaml:1:1: agent.socket: is required: an absolute path of at most 107 bytes',
      /^c\.yaml:1:15: log\.level: expected one of/,
      'c.yaml:2:1: agnet: unknown key; did you mean `agent`?',
    ],
  },
  {
    title: 'a key that appears twice',
    yaml: 'agent:\n  socket: /a\n  retry: 1\n  socket: /b\n',
    code: 'config-syntax',
    lines: ['c.yaml:4:3: the key `socket` appears twice in one mapping'],
  },
  {
    title: 'a bracket that is never closed',
    yaml: 'agent: { socket: /a\nlog: {}\n',
    code: 'config-syntax',
    lines: [/^c\.yaml:2:\d+: /],
  },
  {
    title: 'a tab as indentation',
    yaml: 'agent:\n\tsocket: /a\n',
    code: 'config-syntax',
    lines: [/^c\.yaml:2:1: .*[Tt]ab/],
  },
  {
    title: 'an unknown tag',
    yaml: 'agent: { socket: !path /a }\n',
    code: 'config-syntax',
    lines: [/^c\.yaml:1:18: .*tag/],
  },
  {
    title: 'two documents',
    yaml: `${AGENT}---\n${AGENT}`,
    code: 'config-syntax',
    lines: [/^c\.yaml:2:1: .*documents/],
  },
  {
    title: 'an empty file',
    yaml: '',
    code: 'config-missing-key',
    lines: [/^c\.yaml:1:1: the file is empty; .*agent: \{ socket: PATH \}/],
  },
  {
    title: 'a file of comments',
    yaml: '# nothing\n',
    code: 'config-missing-key',
    lines: [/^c\.yaml:1:1: the file is empty/],
  },
  {
    title: 'a file with null',
    yaml: '---\n~\n',
    code: 'config-missing-key',
    lines: [/^c\.yaml:1:1: the file is empty/],
  },
  { title: 'a list', yaml: '- agent\n', code: 'config-syntax', lines: [/^c\.yaml:1:1: expected a mapping/] },
  { title: 'a word', yaml: '/run/agent.sock\n', code: 'config-syntax', lines: [/^c\.yaml:1:1: expected a mapping/] },
  {
    title: 'aliases that multiply',
    yaml: `a: &a [x]\n${'bcdefgh'.replaceAll(/./g, (key, at: number) => `${key}: &${key} [${`*${'abcdefg'[at]}, `.repeat(9)}]\n`)}`,
    code: 'config-syntax',
    lines: [/^c\.yaml:1:1: .*alias/],
  },
];

describe('a bad configuration is refused, with file, line, column and key:', () => {
  for (const { title, yaml, code, lines } of badCases) {
    test(title, () => {
      const error = errorOf(() => parseConfig(yaml, 'c.yaml'));
      assert.equal(error.code, code, error.message);
      const actual = error.message.split('\n');
      assert.equal(actual.length, lines.length, error.message);
      for (const [index, expected] of lines.entries()) {
        if (typeof expected === 'string') assert.equal(actual[index], expected);
        else assert.match(actual[index] ?? '', expected);
      }
    });
  }

  test('at most 20 problems', () => {
    const unknown = Array.from({ length: 25 }, (_, index) => `unknown_${index}: 1\n`).join('');
    const lines = errorOf(() => parseConfig(AGENT + unknown, 'c.yaml')).message.split('\n');
    assert.equal(lines.length, 21);
    assert.equal(lines.at(-1), 'c.yaml: and 5 more problems');
  });
});

describe('a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'metasteer-config-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = (content: string | Uint8Array): string => {
    const path = join(folder, 'config.yaml');
    writeFileSync(path, content);
    return path;
  };

  test('is read and validated', () => assert.deepEqual(loadConfig(file(AGENT)), DEFAULTS));
  test('may start with a byte order mark', () => assert.deepEqual(loadConfig(file(`\ufeff${AGENT}`)), DEFAULTS));

  const unreadable: readonly [title: string, path: () => string, code: ErrorCode, message: RegExp][] = [
    ['that is not there', () => join(folder, 'none.yaml'), 'config-unreadable', /ENOENT.*none\.yaml/],
    ['that is a folder', () => folder, 'config-unreadable', /EISDIR/],
    ['that is not UTF-8', () => file(Uint8Array.of(0x61, 0xff)), 'config-syntax', /:1:1: the file is not UTF-8/],
    ['that is huge', () => file('#'.repeat(1024 * 1024 + 1)), 'config-unreadable', /has 1048577 bytes/],
  ];
  for (const [title, path, code, message] of unreadable) {
    test(`${title} is refused`, () => {
      const error = errorOf(() => loadConfig(path()));
      assert.equal(error.code, code);
      assert.match(error.message, message);
    });
  }
});

function errorOf(action: () => unknown): MetasteerError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof MetasteerError, String(error));
    return error;
  }
  assert.fail('nothing was thrown');
}
