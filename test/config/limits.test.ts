import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GuardLimits } from '../../src/config/config.ts';
import { LIMIT_KEYS, limitsDocument, parseLimits } from '../../src/config/limits.ts';
import { parseConfig } from '../../src/config/load.ts';
import { type ErrorCode, MetasteerError } from '../../src/errors.ts';

const DEFAULTS = parseConfig('agent: { socket: /run/agent.sock }', 'c.yaml').guard;

describe('limits that are to change', () => {
  test('have the names and values of the configuration', () => {
    const document = limitsDocument(DEFAULTS);
    assert.deepEqual(Object.keys(document), LIMIT_KEYS);
    const limits = Object.fromEntries(
      Object.entries(parseLimits(document)) as [keyof GuardLimits, number][],
    ) as unknown as GuardLimits;
    for (const [name, value] of Object.entries(limits)) assert.equal(DEFAULTS[name as keyof GuardLimits], value);
    assert.equal(Object.keys(limits).length, LIMIT_KEYS.length);
  });

  test('may be some of them', () => assert.deepEqual(parseLimits({ source_rate: 0 }), { sourceRate: 0 }));

  const cases: readonly [given: unknown, code: ErrorCode, message: RegExp][] = [
    [{ source_rat: 1 }, 'config-unknown-key', /no such limit: source_rat; did you mean `source_rate`\?/],
    [{ xdp: 'off' }, 'config-unknown-key', /no such limit: xdp; there are source_rate, /],
    [{ source_rate: -1 }, 'config-invalid-value', /source_rate: expected a whole number from 0 to 1000000, not -1/],
    [{ source_burst: 0 }, 'config-invalid-value', /source_burst: expected a whole number from 1/],
    [{ port_connections: '5' }, 'config-invalid-value', /port_connections: expected a whole number .*, not "5"/],
    [{ port_rate: null }, 'config-invalid-value', /port_rate: expected .*, not nothing/],
    [[1], 'config-invalid-value', /expected limits by name/],
    [null, 'config-invalid-value', /expected limits by name/],
  ];
  for (const [given, code, message] of cases) {
    test(`${JSON.stringify(given)} is refused`, () =>
      assert.throws(
        () => parseLimits(given),
        (error) => error instanceof MetasteerError && error.code === code && message.test(error.message),
      ));
  }
});

describe('a configuration', () => {
  const refused: readonly [text: string, message: RegExp][] = [
    ['guard: { source_rate: fast }', /guard\.source_rate: expected a whole number/],
    ['guard: { xdp: on }', /guard\.xdp: expected one of off, auto, always/],
    ['steering: { on_exit: hold, attach: tcx }', /steering\.on_exit: cannot be hold with attach: tcx/],
    ['metadata_rate_limiting: { ip_versions: [5] }', /ip_versions: expected a list with 4, 6 or both/],
    ['metadata_rate_limiting: { ip_versions: [4, 4] }', /ip_versions: expected a list/],
    ['metadata_rate_limiting: { ip_versions: [] }', /ip_versions: expected a list/],
    ['metadata_rate_limiting: { rate_limit_enabled: 1 }', /rate_limit_enabled: expected true or false, not 1/],
    ['metadata_rate_limiting: { base_query_rate_limit: 70000 }', /base_query_rate_limit: expected a whole number/],
  ];
  for (const [text, message] of refused) {
    test(`with ${text} is refused`, () =>
      assert.throws(() => parseConfig(`agent: { socket: /run/agent.sock }\n${text}\n`, 'c.yaml'), message));
  }

  test('may limit both IP versions', () => {
    const text = 'agent: { socket: /run/agent.sock }\nmetadata_rate_limiting: { ip_versions: [6, 4] }\n';
    assert.deepEqual(parseConfig(text, 'c.yaml').rateLimiting.ipVersions, [6, 4]);
  });
});
