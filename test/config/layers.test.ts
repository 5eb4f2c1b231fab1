import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { effectiveKeys } from '../../src/config/effective.ts';
import { variableOf } from '../../src/config/environment.ts';
import { readLayers } from '../../src/config/layers.ts';
import { parseConfig } from '../../src/config/load.ts';
import { CONFIG_KEYS } from '../../src/config/schema.ts';
import { MetasteerError } from '../../src/errors.ts';

type Texts = Readonly<Record<string, string>>;

/** What the configuration is read from beside its text. */
function surroundings(files: Texts, environment: Texts = {}) {
  const readText = (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };
  return { environment, readText };
}

function errorOf(run: () => unknown): MetasteerError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof MetasteerError, String(error));
    return error;
  }
  assert.fail('nothing was thrown');
}

const NEUTRON = `\
[DEFAULT]
state_path = /srv/neutron
metadata_proxy_socket = $state_path/proxy.sock

[metadata_rate_limiting]
rate_limit_enabled = True
ip_versions = 4, 6
base_window_duration = 60
base_query_rate_limit = 100
burst_window_duration = 5
burst_query_rate_limit = 20

[metadata_haproxy]
timeout_server = 60
timeout_client = $timeout_server
`;

describe('files of Neutron', () => {
  test('hold where the configuration says nothing', () => {
    const yaml = 'neutron_files: [/n]\nmetadata_rate_limiting: { base_query_rate_limit: 7 }\n';
    const config = parseConfig(yaml, 'c.yaml', surroundings({ '/n': NEUTRON }));
    assert.equal(config.agent.socket, '/srv/neutron/proxy.sock');
    assert.deepEqual(config.rateLimiting, {
      enabled: true,
      ipVersions: [4, 6],
      baseWindowMs: 60_000,
      baseLimit: 7,
      burstWindowMs: 5000,
      burstLimit: 20,
      countRefused: false,
    });
    const { timeoutServerMs, timeoutClientMs, timeoutConnectMs } = config.metadataHaproxy;
    assert.deepEqual([timeoutServerMs, timeoutClientMs, timeoutConnectMs], [60_000, 60_000, 30_000]);
  });

  const sockets: readonly [title: string, files: Texts, expected: string][] = [
    ['Neutron’s default when no file sets it', { '/n': '[DEFAULT]\n' }, '/var/lib/neutron/metadata_proxy'],
    ['in the state_path when that alone is set', { '/n': '[DEFAULT]\nstate_path = /s\n' }, '/s/metadata_proxy'],
    [
      'that of the later file',
      { '/n': '[DEFAULT]\nmetadata_proxy_socket = /a\n', '/o': '[DEFAULT]\nmetadata_proxy_socket = /b\n' },
      '/b',
    ],
    [
      'a reference across files',
      { '/n': '[DEFAULT]\nmetadata_proxy_socket = $state_path/x\n', '/o': '[DEFAULT]\nstate_path = /s\n' },
      '/s/x',
    ],
  ];
  for (const [title, files, expected] of sockets) {
    test(`give the agent’s socket: ${title}`, () => {
      const yaml = `neutron_files: [${Object.keys(files).join(', ')}]\n`;
      assert.equal(parseConfig(yaml, 'c.yaml', surroundings(files)).agent.socket, expected);
    });
  }

  const refusals: readonly [title: string, text: string, line: RegExp][] = [
    [
      'a value that is none, at its line',
      '[metadata_haproxy]\ntimeout_server = soon\n',
      /^\/n:2:18: metadata_haproxy\.timeout_server: expected a duration .*, not "soon"$/,
    ],
    ['a flag that is none', '[metadata_rate_limiting]\nrate_limit_enabled = maybe\n', /^\/n:2:22: .*true or false/],
    ['a version that there is not', '[metadata_rate_limiting]\nip_versions = 5\n', /^\/n:2:15: .*a list with 4, 6/],
    ['a line that is none', '[DEFAULT]\nnonsense\n', /^\/n:2:1: expected a section/],
    [
      'a reference into nothing',
      '[DEFAULT]\nmetadata_proxy_socket = $x/y\n',
      /^\/n:2:25: metadata_proxy_socket: it refers/,
    ],
  ];
  for (const [title, text, line] of refusals) {
    test(`are refused with ${title}`, () => {
      const yaml = 'agent: { generation: auto }\nneutron_files: [/n]\n';
      const { message } = errorOf(() => parseConfig(yaml, 'c.yaml', surroundings({ '/n': text })));
      assert.match(message.split('\n').at(-1) ?? '', line);
    });
  }

  test('that are not there are refused where they are named', () => {
    const yaml = 'agent: { socket: /a }\nneutron_files:\n  - /none\n';
    const { code, message } = errorOf(() => parseConfig(yaml, 'c.yaml', surroundings({})));
    assert.deepEqual([code, message], ['config-unreadable', 'c.yaml:3:5: neutron_files: ENOENT: /none']);
  });
});

describe('the environment', () => {
  test('holds before the file and Neutron', () => {
    const environment = {
      METASTEER_AGENT_SOCKET: '/env.sock',
      METASTEER_WORKERS: '3',
      METASTEER_LOG_ACCESS: 'off',
      METASTEER_METADATA_RATE_LIMITING_IP_VERSIONS: '[6]',
      METASTEER_METADATA_RATE_LIMITING_RATE_LIMIT_ENABLED: 'true',
      METASTEER_STEERING_DRAIN: '500ms',
      METASTEER_RUN_DIR: '',
    };
    const yaml = 'agent: { socket: /file.sock }\nneutron_files: [/n]\nworkers: 2\nrun_dir: /r\n';
    const config = parseConfig(yaml, 'c.yaml', surroundings({ '/n': NEUTRON }, environment));
    assert.deepEqual(
      [config.agent.socket, config.workers, config.log.access, config.steering.drainMs, config.runDir],
      ['/env.sock', 3, 'off', 500, '/r'],
    );
    assert.deepEqual([config.rateLimiting.ipVersions, config.rateLimiting.enabled], [[6], true]);
  });

  test('may set what the file has to set', () => {
    const config = parseConfig('log: {}\n', 'c.yaml', surroundings({}, { METASTEER_AGENT_SOCKET: '/a' }));
    assert.equal(config.agent.socket, '/a');
  });

  const refusals: readonly [name: string, value: string, message: string | RegExp][] = [
    ['METASTEER_LOG_LEVEL', 'loud', /^METASTEER_LOG_LEVEL: log\.level: expected one of .*, not "loud"$/],
    ['METASTEER_WORKERS', '0', /^METASTEER_WORKERS: workers: expected a whole number/],
    [
      'METASTEER_LOG_LEVLE',
      'info',
      'METASTEER_LOG_LEVLE: the environment sets no key by this name; did you mean `METASTEER_LOG_LEVEL`?',
    ],
  ];
  for (const [name, value, expected] of refusals) {
    test(`is refused with ${name}=${value}`, () => {
      const { message } = errorOf(() =>
        parseConfig('agent: { socket: /a }\n', 'c.yaml', surroundings({}, { [name]: value })),
      );
      if (typeof expected === 'string') assert.equal(message, expected);
      else assert.match(message, expected);
    });
  }

  test('may have variables of others, also with our prefix', () => {
    const environment = { METASTEER_SHARED_SECRET: 's', METASTEER_CONFIG: '/c', LOG_LEVEL: 'x' };
    parseConfig('agent: { socket: /a }\n', 'c.yaml', surroundings({}, environment));
  });

  test('has one variable for each key', () => {
    const variables = [...CONFIG_KEYS.facts.keys()].map(variableOf);
    assert.equal(new Set(variables).size, variables.length);
  });
});

test('every key tells where its value is from', () => {
  const yaml = 'log: { level: debug }\nneutron_files: [/n]\n';
  const environment = { METASTEER_LOG_ACCESS: 'all' };
  const keys = effectiveKeys(readLayers(yaml, 'c.yaml', surroundings({ '/n': NEUTRON }, environment)), 'c.yaml');
  const of = (key: string) => keys.find((each) => each.key === key);
  assert.deepEqual(of('log.level'), { key: 'log.level', value: 'debug', source: 'file', place: 'c.yaml:1' });
  assert.deepEqual(of('log.access'), {
    key: 'log.access',
    value: 'all',
    source: 'environment',
    place: 'METASTEER_LOG_ACCESS',
  });
  assert.deepEqual(of('agent.socket'), {
    key: 'agent.socket',
    value: '/srv/neutron/proxy.sock',
    source: 'neutron',
    place: '/n:3',
  });
  assert.deepEqual(of('agent.retry'), { key: 'agent.retry', value: '50ms', source: 'default' });
  assert.deepEqual(
    keys.map(({ key }) => key),
    [...CONFIG_KEYS.facts.keys()],
  );
});
