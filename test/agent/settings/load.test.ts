import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { type AgentSettings, loadAgentSettings, parseAgentSettings } from '../../../src/agent/settings/load.ts';
import { readSecretFile } from '../../../src/agent/settings/secret.ts';
import type { Environment } from '../../../src/agent/settings/secrets.ts';
import { type ErrorCode, MetasteerError } from '../../../src/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'ms-settings-'));
after(() => rmSync(folder, { recursive: true }));

const LEAST = 'resolver: { source: inventory }\ninventory: { file: /i }\n';
const SHARED: Environment = { METASTEER_SHARED_SECRET: 'shared' };

function parse(yaml: string, environment: Environment = SHARED, files: Readonly<Record<string, string>> = {}) {
  const readText = (path: string) => files[path] ?? assert.fail(`no such file ${path}`);
  return parseAgentSettings(yaml, 'a.yaml', { environment, readText, readSecret: readSecretFile });
}

function errorOf(action: () => unknown): MetasteerError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof MetasteerError, String(error));
    return error;
  }
  assert.fail('nothing was thrown');
}

let written = 0;
function file(text: string, mode = 0o600): string {
  written += 1;
  const path = join(folder, `f${written}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('settings', () => {
  test('that say the least have every default', () => {
    const { nova, ...rest } = parse(LEAST);
    const { sharedSecret, ...novaRest } = nova;
    assert.equal(sharedSecret.reveal(), 'shared');
    assert.deepEqual(novaRest, {
      addresses: ['http://127.0.0.1:8775'],
      insecure: false,
      connections: 64,
      queueLength: 4096,
      timeoutConnectMs: 5000,
      timeoutMs: 60_000,
    });
    assert.deepEqual(rest, {
      socket: { path: '/var/lib/neutron/metadata_proxy', mode: 0o660, backlog: 4096 },
      connections: 16_384,
      drainMs: 10_000,
      resolver: {
        source: 'inventory',
        ttlMs: 10_000,
        negativeTtlMs: 1000,
        entriesMax: 65_536,
        lookupsMax: 256,
        timeoutMs: 8000,
      },
      neutron: { interface: 'internal', insecure: false, connections: 8, timeoutMs: 5000 },
      keystone: { userDomain: 'Default', projectDomain: 'Default', insecure: false, timeoutMs: 5000 },
      inventory: { file: '/i' },
      responseCache: { enabled: false, ttlMs: 5000, entries: 4096, bytes: 16_777_216 },
      limits: { headBytes: 32_768, bodyBytes: 65_536 },
      admin: { socket: '/run/metasteer-agent/admin.sock' },
      metrics: {},
      log: { level: 'info', access: 'errors' },
    } satisfies Omit<AgentSettings, 'nova'>);
  });

  test('for Neutron may use a password or either form of an application credential', () => {
    const url = 'url: http://k:5000/v3/';
    const rows: readonly (readonly [string, Environment, string])[] = [
      [`${url}, username: u, project: p`, { METASTEER_KEYSTONE_PASSWORD: 'pw' }, 'pw'],
      [`${url}, application_credential_id: x`, { METASTEER_APPLICATION_CREDENTIAL_SECRET: 'ac' }, 'ac'],
      [`${url}, username: u, application_credential_name: n`, { METASTEER_APPLICATION_CREDENTIAL_SECRET: 'ac' }, 'ac'],
      [`${url}, username: u, project: p, password_file: ${file('from file\n')}`, {}, 'from file'],
    ];
    for (const [keystone, environment, secret] of rows) {
      const settings = parse(`keystone: { ${keystone} }`, { ...SHARED, ...environment });
      assert.deepEqual([settings.keystone.secret?.reveal(), settings.keystone.url], [secret, 'http://k:5000/v3']);
    }
  });

  const modes: readonly [text: string, mode: number][] = [
    ["'0600'", 0o600],
    ["'666'", 0o666],
    ['user', 0o644],
    ['group', 0o664],
    ['all', 0o666],
  ];
  for (const [text, mode] of modes) {
    test(`with the socket mode ${text} give 0${mode.toString(8)}`, () => {
      assert.equal(parse(`${LEAST}socket_mode: ${text}`).socket.mode, mode);
    });
  }
});

interface BadCase {
  readonly title: string;
  readonly yaml: string;
  readonly code: ErrorCode;
  readonly lines: readonly (string | RegExp)[];
}

const bad: readonly BadCase[] = [
  {
    title: 'nothing at all',
    yaml: '',
    code: 'config-missing-key',
    lines: ['a.yaml:1:1: the file is empty; the least it must hold is `keystone: { url: URL, … }`'],
  },
  {
    title: 'Neutron without Keystone',
    yaml: 'log: {}\n',
    code: 'config-missing-key',
    lines: [
      'a.yaml:1:1: keystone.url: is required with resolver.source: neutron',
      'a.yaml:1:1: keystone.username: is required without keystone.application_credential_id',
      'a.yaml:1:1: keystone.project: is required without keystone.application_credential_id',
    ],
  },
  {
    title: 'an inventory without a file, at its section',
    yaml: 'resolver: { source: inventory }\ninventory: {}\n',
    code: 'config-missing-key',
    lines: ['a.yaml:2:1: inventory.file: is required with resolver.source: inventory'],
  },
  {
    title: 'a certificate without its key, and a key without its certificate',
    yaml: `${LEAST}nova: { client_cert: /c }\nkeystone: { client_key: /k }\n`,
    code: 'config-missing-key',
    lines: [
      'a.yaml:3:1: nova.client_key: is required with client_cert',
      'a.yaml:4:1: keystone.client_cert: is required with client_key',
    ],
  },
  {
    title: 'a misspelt key, and one of another section',
    yaml: `${LEAST}nova: { adresses: [] }\nttl: 5s\n`,
    code: 'config-unknown-key',
    lines: [
      'a.yaml:3:9: nova.adresses: unknown key; did you mean `addresses`?',
      'a.yaml:4:1: ttl: unknown key; did you mean `resolver.ttl` or `response_cache.ttl`?',
    ],
  },
  {
    title: 'permissions without quotes, which YAML reads as another number',
    yaml: `${LEAST}socket_mode: 0660\n`,
    code: 'config-invalid-value',
    lines: [
      "a.yaml:3:14: socket_mode: expected permissions in quotes such as '0660', or one of user, group, all, not 660",
    ],
  },
  ...['http://a/path', 'ftp://a', 'nova', 'http://user:pw@a', 'http://a?x'].map((url) => ({
    title: `the address ${url} of nova`,
    yaml: `${LEAST}nova: { addresses: ['${url}'] }\n`,
    code: 'config-invalid-value' as const,
    lines: [/^a\.yaml:3:21: nova\.addresses\[0\]: expected a URL such as/],
  })),
  {
    title: 'no address of nova',
    yaml: `${LEAST}nova: { addresses: [] }\n`,
    code: 'config-invalid-value',
    lines: [/^a\.yaml:3:20: nova\.addresses: expected a list of URLs/],
  },
  {
    title: 'a cache that lasts longer than a minute',
    yaml: `${LEAST}response_cache: { ttl: 61s }\n`,
    code: 'config-invalid-value',
    lines: [/^a\.yaml:3:24: response_cache\.ttl: expected a duration from 100ms to 1m/],
  },
  {
    title: 'one socket for two uses',
    yaml: `${LEAST}socket: /s\nadmin: { socket: /s }\n`,
    code: 'config-invalid-value',
    lines: ['a.yaml:4:18: admin.socket: must differ from socket'],
  },
  {
    title: 'one socket for metrics and operators',
    yaml: `${LEAST}admin: { socket: /a }\nmetrics: { socket: /a }\n`,
    code: 'config-invalid-value',
    lines: ['a.yaml:4:20: metrics.socket: must differ from socket and admin.socket'],
  },
  {
    title: 'a relative path among Neutron’s files',
    yaml: `${LEAST}neutron_files: [neutron.conf]\n`,
    code: 'config-invalid-value',
    lines: ['a.yaml:3:17: neutron_files[0]: expected an absolute path, not "neutron.conf"'],
  },
];

describe('settings are refused, with file, line, column and key, when they have', () => {
  for (const { title, yaml, code, lines } of bad) {
    test(title, () => {
      const error = errorOf(() => parse(yaml));
      const shown = error.message.split('\n');
      assert.equal(error.code, code);
      assert.equal(shown.length, lines.length, error.message);
      for (const [index, line] of lines.entries()) {
        if (typeof line === 'string') assert.equal(shown[index], line);
        else assert.match(shown[index] ?? '', line);
      }
    });
  }
});

describe('secrets', () => {
  test('come from a file before the environment, and from there before Neutron’s files', () => {
    const ini = file('[DEFAULT]\nmetadata_proxy_shared_secret = of neutron\n');
    const own = file('of file\n');
    const load = (yaml: string, environment: Environment) =>
      loadAgentSettings(file(`${LEAST}${yaml}`), environment).nova.sharedSecret.reveal();
    const withFile = `nova: { shared_secret_file: ${own} }\nneutron_files: [${ini}]\n`;
    assert.equal(load(withFile, SHARED), 'of file');
    assert.equal(load(`neutron_files: [${ini}]\n`, SHARED), 'shared');
    assert.equal(load(`neutron_files: [${ini}]\n`, {}), 'of neutron');
  });

  test('that are missing are asked for by key and variable', () => {
    const error = errorOf(() => parse('keystone: { url: "http://k", username: u, project: p }', {}));
    assert.equal(error.code, 'config-missing-key');
    assert.deepEqual(error.message.split('\n'), [
      'a.yaml:1:1: nova.shared_secret_file: is required, or METASTEER_SHARED_SECRET in the environment',
      'a.yaml:1:1: keystone.password_file: is required, or METASTEER_KEYSTONE_PASSWORD in the environment',
    ]);
  });

  const SECRET = 'f00dfacecafe';
  const refused: readonly [title: string, make: () => { yaml: string; environment?: Environment }, code: ErrorCode][] =
    [
      [
        'a file that others may read',
        () => ({ yaml: `nova: { shared_secret_file: ${file(SECRET, 0o644)} }` }),
        'config-secret-exposed',
      ],
      [
        'a file that others may write',
        () => ({ yaml: `nova: { shared_secret_file: ${file(SECRET, 0o602)} }` }),
        'config-secret-exposed',
      ],
      [
        'one of Neutron’s files that others may read',
        () => ({
          yaml: `neutron_files: [${file(`[DEFAULT]\nmetadata_proxy_shared_secret=${SECRET}`, 0o644)}]`,
          environment: {},
        }),
        'config-secret-exposed',
      ],
      [
        'a file that is not there',
        () => ({ yaml: 'nova: { shared_secret_file: /no/such/file }' }),
        'config-unreadable',
      ],
      ['an empty file', () => ({ yaml: `nova: { shared_secret_file: ${file('\n')} }` }), 'config-invalid-value'],
      [
        'a file of several lines',
        () => ({ yaml: `nova: { shared_secret_file: ${file(`${SECRET}\nb\n`)} }` }),
        'config-invalid-value',
      ],
      [
        'a reference in one of Neutron’s files to nothing',
        () => ({
          yaml: `neutron_files: [${file(`[DEFAULT]\nmetadata_proxy_shared_secret=x$${SECRET}`)}]`,
          environment: {},
        }),
        'config-invalid-value',
      ],
    ];
  for (const [title, make, code] of refused) {
    test(`in ${title} are refused without a word of them`, () => {
      const { yaml, environment = SHARED } = make();
      const error = errorOf(() => loadAgentSettings(file(`${LEAST}${yaml}\n`), environment));
      assert.equal(error.code, code);
      assert.match(error.message, /:\d+:\d+: /);
      assert.ok(!error.message.includes(SECRET), error.message);
    });
  }

  test('in a file that its group may read are taken', () => {
    const path = file('s', 0o640);
    assert.equal(parse(`${LEAST}nova: { shared_secret_file: ${path} }`).nova.sharedSecret.reveal(), 's');
  });

  test('are taken from the service manager where it passes the file on, by its name', () => {
    const yaml = `${LEAST}nova: { shared_secret_file: /root-alone/shared-secret }`;
    for (const name of ['metasteer_shared-secret', 'shared-secret']) {
      const credentials = mkdtempSync(join(folder, 'credentials-'));
      writeFileSync(join(credentials, name), 'passed\n', { mode: 0o400 });
      assert.equal(parse(yaml, { CREDENTIALS_DIRECTORY: credentials }).nova.sharedSecret.reveal(), 'passed');
      rmSync(join(credentials, name));
      const error = errorOf(() => parse(yaml, { CREDENTIALS_DIRECTORY: credentials }));
      assert.equal(error.code, 'config-unreadable');
    }
  });

  test('are in no text that settings are turned into', () => {
    const settings = parse(LEAST, { METASTEER_SHARED_SECRET: SECRET });
    for (const text of [JSON.stringify(settings), inspect(settings, { depth: 9 }), `${settings.nova.sharedSecret}`])
      assert.ok(!text.includes(SECRET), text);
  });
});
