import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { PYTHON } from '../../bench/agent/python-agent.ts';
import { exampleConfig } from '../../src/config/example.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { parseConfig } from '../../src/config/load.ts';
import { CONFIG_KEYS } from '../../src/config/schema.ts';
import { MetasteerError } from '../../src/errors.ts';
import { cli } from '../cli/run-cli.ts';
import { unlessThere } from '../kit/peers.ts';

const example = exampleConfig();
/** With every default taken out of its comment. */
const enabled = example.replaceAll(/^# /gm, '');

describe('the example of a configuration', () => {
  const least = parseConfig('agent: { socket: /var/lib/neutron/metadata_proxy }', 'c.yaml');

  test('is valid, and sets nothing but what has to be set', () => {
    assert.deepEqual(parseConfig(example, 'example.yaml'), least);
  });

  test('has defaults that are what holds without them', () => {
    assert.deepEqual(parseConfig(enabled, 'example.yaml'), least);
  });

  test('has every key, with its meaning', () => {
    const words = example.replaceAll(/\n##\s+/g, ' ');
    for (const [key, { meaning }] of CONFIG_KEYS.facts) {
      assert.match(example, new RegExp(`^(#+ )? *${key.split('.').at(-1)}:`, 'm'), key);
      assert.ok(words.includes(meaning), key);
    }
  });

  test('has no line longer than 120 characters', () => {
    const long = example.split('\n').filter((line) => line.length > 120);
    assert.deepEqual(long, []);
  });
});

describe('the JSON Schema of the configuration', () => {
  const schema = configJsonSchema() as {
    readonly properties: Readonly<Record<string, { readonly properties?: object; readonly description?: string }>>;
  };

  test('has every key, with its meaning', () => {
    for (const [key, { meaning }] of CONFIG_KEYS.facts) {
      const [first = '', second] = key.split('.');
      const section = schema.properties[first];
      const found = second === undefined ? section : Reflect.get(section?.properties ?? {}, second);
      assert.ok(found?.description?.startsWith(meaning), key);
      assert.ok(Object.keys(found).length > 2, `${key} says what it takes`);
    }
  });

  describe('judged by another program', { skip: unlessThere('python3-jsonschema') }, () => {
    const script =
      'import json, sys, jsonschema\n' +
      'task = json.load(sys.stdin)\n' +
      'jsonschema.Draft202012Validator.check_schema(task["schema"])\n' +
      'v = jsonschema.Draft202012Validator(task["schema"])\n' +
      'print(json.dumps([v.is_valid(each) for each in task["values"]]))\n';
    const judge = (...texts: readonly string[]): readonly boolean[] => {
      const values = texts.map((text) => parse(text) as unknown);
      const input = JSON.stringify({ schema, values });
      return JSON.parse(execFileSync(PYTHON, ['-c', script], { input, encoding: 'utf8' })) as readonly boolean[];
    };

    test('takes what we take', () => {
      const port = 'ports: [{ namespace: n, interface: e, owner: 7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f }]';
      const good = [example, enabled, 'neutron_files: [/n]', `agent: { socket: /a, retry: 0.5 }\n${port}`];
      for (const text of good.filter((each) => !each.startsWith('neutron'))) parseConfig(text, 'c.yaml');
      assert.deepEqual(judge(...good), [true, true, true, true]);
    });

    test('refuses what we refuse', () => {
      const bad = [
        '{}',
        'agent: { socket: /a, sokcet: /b }',
        'agent: { socket: /a, concurrency: 0 }',
        'agent: { socket: /a, generation: oneshot }',
        'agent: { socket: /a, retry: 2 sec }',
        'agent: { socket: /a }\nlimits: { body_size: 64KB }',
        'agent: { socket: /a }\nlog: []',
        'agent: { socket: /a }\nlogs: {}',
        'agent: { socket: /a, client_mac: "yes" }',
        'agent: { socket: /a }\ndiscovery: { include: [x] }',
        'agent: { socket: /a }\nmetadata_rate_limiting: { ip_versions: [4, 5] }',
      ];
      for (const text of bad) assert.throws(() => parseConfig(text, 'c.yaml'), MetasteerError, text);
      assert.deepEqual(
        judge(...bad),
        bad.map(() => false),
      );
    });
  });
});

describe('metasteer config', () => {
  test('prints example and schema', async () => {
    assert.deepEqual(await cli('config', 'example'), { code: 0, stdout: example, stderr: '' });
    const { stdout } = await cli('config', 'schema');
    assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(configJsonSchema())));
  });

  test('has no other parts', async () => {
    assert.equal((await cli('config', 'edit')).code, 2);
    assert.equal((await cli('config')).code, 2);
    assert.equal((await cli('config', 'show')).code, 2);
  });
});
