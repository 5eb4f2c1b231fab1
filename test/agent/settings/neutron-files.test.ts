import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAgentSettings } from '../../../src/agent/settings/load.ts';
import { readSecretFile } from '../../../src/agent/settings/secret.ts';
import { readIni } from '../../../src/config/ini.ts';
import { MetasteerError } from '../../../src/errors.ts';

type Files = Readonly<Record<string, string>>;

function parse(files: Files, yaml = '') {
  const least = `resolver: { source: inventory }\ninventory: { file: /i }\nneutron_files: [${Object.keys(files).join(', ')}]\n`;
  const readText = (path: string) => files[path] ?? assert.fail(path);
  return parseAgentSettings(`${least}${yaml}`, 'a.yaml', {
    environment: { METASTEER_SHARED_SECRET: 's' },
    readText,
    readSecret: readSecretFile,
  });
}

function refusal(files: Files, yaml?: string): string[] {
  try {
    parse(files, yaml);
  } catch (error) {
    assert.ok(error instanceof MetasteerError, String(error));
    return error.message.split('\n');
  }
  assert.fail('nothing was thrown');
}

describe('the format of oslo.config', () => {
  const rows: readonly [title: string, text: string, options: Readonly<Record<string, string>>][] = [
    ['an equals sign', '[DEFAULT]\na = b', { a: 'b' }],
    ['a colon', '[DEFAULT]\na: b', { a: 'b' }],
    ['whichever of both comes first', '[DEFAULT]\na = b:c\nd: e=f', { a: 'b:c', d: 'e=f' }],
    ['values in quotes of both kinds', `[DEFAULT]\na = " b "\nc = 'd'\ne = "f'`, { a: ' b ', c: 'd', e: `"f'` }],
    ['a value over several lines', '[DEFAULT]\na = b\n  c\n\td\ne = f', { a: 'b\nc\nd', e: 'f' }],
    ['comments at the beginning of a line alone', '[DEFAULT]\n# a = b\n;c = d\ne = f # g', { e: 'f # g' }],
    [
      'other sections, in front of the name',
      '[nova]\na = b\n[DEFAULT]\nc = d\n[agent]\nc = e',
      { 'nova.a': 'b', c: 'd', 'agent.c': 'e' },
    ],
    ['a section that comes again', '[DEFAULT]\na = b\n[x]\n[DEFAULT]\nc = d', { a: 'b', c: 'd' }],
    ['the later of two', '[DEFAULT]\na = b\na = c', { a: 'c' }],
    ['dashes for underscores in names', '[DEFAULT]\nstate-path = /x', { state_path: '/x' }],
    ['an empty value', '[DEFAULT]\na =\n', { a: '' }],
    ['line ends of Windows and a byte order mark', '\ufeff[DEFAULT]\r\na = b\r\n', { a: 'b' }],
  ];
  for (const [title, text, expected] of rows) {
    test(`has ${title}`, () => {
      const options = readIni(text, '/n');
      assert.ok(!('problems' in options));
      assert.deepEqual(Object.fromEntries([...options].map(([name, { value }]) => [name, value])), expected);
    });
  }

  const bad: readonly [title: string, text: string, line: number, message: RegExp][] = [
    ['a line without a sign', '[DEFAULT]\nnova_metadata_host\n', 2, /expected a section, a comment, or name = value/],
    ['a value without a name', '[DEFAULT]\n\n= b', 3, /expected a section/],
    ['a section that is not closed', '[DEFAULT\n', 1, /a section is a name in brackets/],
    ['a section without a name', '[]\n', 1, /a section is a name in brackets/],
    ['a continuation of nothing', '[DEFAULT]\n b\n', 2, /no value it continues/],
    ['a continuation after an empty line', '[DEFAULT]\na = b\n\n c\n', 4, /no value it continues/],
    ['an option before every section', 'a = b\n', 1, /before the first section/],
  ];
  for (const [title, text, line, message] of bad) {
    test(`refuses ${title}, with file and line`, () => {
      const [first = '', ...more] = refusal({ '/n.conf': text });
      assert.ok(first.startsWith(`/n.conf:${line}:1: `), first);
      assert.match(first, message);
      assert.deepEqual(more, []);
    });
  }
});

describe('Neutron’s options', () => {
  test('that say the same as settings are taken over', () => {
    const settings = parse({
      '/neutron.conf': '[DEFAULT]\nstate_path = /srv/neutron\n',
      '/metadata_agent.ini': `[DEFAULT]
nova_metadata_host = nova.example
nova_metadata_port = 443
nova_metadata_protocol = https
nova_metadata_insecure = True
auth_ca_cert = /ca.pem
nova_client_cert = /cert.pem
nova_client_priv_key = /key.pem
metadata_proxy_socket = $state_path/metadata
metadata_proxy_socket_mode = all
metadata_backlog = 128
metadata_workers = 4
`,
    });
    const { sharedSecret: _, ...nova } = settings.nova;
    assert.deepEqual(settings.socket, { path: '/srv/neutron/metadata', mode: 0o666, backlog: 128 });
    assert.deepEqual(nova, {
      addresses: ['https://nova.example'],
      caFile: '/ca.pem',
      clientCert: '/cert.pem',
      clientKey: '/key.pem',
      insecure: true,
      connections: 64,
      queueLength: 4096,
      timeoutConnectMs: 5000,
      timeoutMs: 60_000,
    });
  });

  const rows: readonly [title: string, text: string, addresses: string | undefined, socket: string][] = [
    ['a host alone keeps Neutron’s port', 'nova_metadata_host = 10.0.0.1', 'http://10.0.0.1:8775', ''],
    ['a port alone keeps Neutron’s host', 'nova_metadata_port = 80', 'http://127.0.0.1', ''],
    ['an IPv6 address comes into brackets', 'nova_metadata_host = 2001:db8::1', 'http://[2001:db8::1]:8775', ''],
    [
      'references in braces, to Neutron’s default',
      `metadata_proxy_socket = \${state_path}/m`,
      undefined,
      '/var/lib/neutron/m',
    ],
    [
      'references to references',
      'a = /b\nstate_path = $a/c\nmetadata_proxy_socket = $state_path/m',
      undefined,
      '/b/c/m',
    ],
    ['a dollar twice is one', 'metadata_proxy_socket = /a$$b', undefined, '/a$b'],
    ['deduce changes nothing', 'metadata_proxy_socket_mode = deduce', undefined, ''],
    ['an empty path is none', 'auth_ca_cert =', undefined, ''],
  ];
  for (const [title, text, address = 'http://127.0.0.1:8775', socket] of rows) {
    test(title, () => {
      const settings = parse({ '/n': `[DEFAULT]\n${text}\n` });
      assert.deepEqual(settings.nova.addresses, [address]);
      assert.equal(settings.socket.path, socket === '' ? '/var/lib/neutron/metadata_proxy' : socket);
      assert.equal(settings.nova.caFile, undefined);
      assert.equal(settings.socket.mode, 0o660);
    });
  }

  test('of a later file win, and settings of our own win over all', () => {
    const files = {
      '/1': '[DEFAULT]\nmetadata_backlog = 1\nmetadata_proxy_socket = /one\nnova_metadata_port = 1\n',
      '/2': '[DEFAULT]\nmetadata_backlog = 2\nmetadata_proxy_socket = /two\n',
    };
    const settings = parse(files, 'socket: /own\nnova: { addresses: ["http://own"], connections: 1 }\n');
    assert.deepEqual(settings.socket, { path: '/own', mode: 0o660, backlog: 2 });
    assert.deepEqual(settings.nova.addresses, ['http://own']);
  });

  const bad: readonly [title: string, text: string, message: RegExp][] = [
    ['a backlog that is no number', 'metadata_backlog = many', /^\/n:2:20: backlog: expected a whole number/],
    ['a backlog out of bounds', '\nmetadata_backlog = 0', /^\/n:3:20: backlog: expected a whole number/],
    ['a mode that is none', 'metadata_proxy_socket_mode: some', /^\/n:2:29: socket_mode: expected permissions/],
    ['a protocol that is none', 'nova_metadata_protocol = gopher', /^\/n:2:26: nova\.addresses\[0\]: expected a URL/],
    ['neither yes nor no', 'nova_metadata_insecure = maybe', /^\/n:2:26: nova\.insecure: expected true or false/],
    [
      'a reference to nothing',
      'metadata_proxy_socket = $home/m',
      /^\/n:2:25: metadata_proxy_socket: it refers with \$/,
    ],
    [
      'references in a circle',
      'a = $b\nb = $a\nmetadata_proxy_socket = $a',
      /^\/n:4:25: metadata_proxy_socket: .*circle/,
    ],
  ];
  for (const [title, text, message] of bad) {
    test(`with ${title} are refused, with file, line and key`, () => {
      const [first = '', ...more] = refusal({ '/n': `[DEFAULT]\n${text}\n` });
      assert.match(first, message);
      assert.deepEqual(more, []);
    });
  }

  test('from a file that cannot be read are reported where it is named', () => {
    const readText = () => {
      throw new Error('ENOENT');
    };
    const yaml = 'neutron_files:\n  - /none\n';
    assert.throws(
      () => parseAgentSettings(yaml, 'a.yaml', { environment: {}, readText, readSecret: readSecretFile }),
      /^a\.yaml:2:5: neutron_files: ENOENT$/m,
    );
  });

  test('do not hide that a section of ours is no mapping', () => {
    const [first = ''] = refusal({ '/n': '[DEFAULT]\nnova_metadata_port = 1\n' }, 'nova: []\n');
    assert.match(first, /^a\.yaml:4:7: nova: expected a mapping of keys, not a list/);
  });
});
