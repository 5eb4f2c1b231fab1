/** docs/agent.md says what the code does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENDINGS, type Reason, refusal, statusOf } from '../../src/agent/refuse.ts';
import { parseAgentSettings } from '../../src/agent/settings/load.ts';
import { AGENT_KEYS } from '../../src/agent/settings/schema.ts';
import { Secret } from '../../src/agent/settings/secret.ts';
import { read } from '../tidy/sources.ts';

const document = read('docs/agent.md');

/** Rows of the table under a heading, without its title. */
function rowsUnder(heading: string): string[] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
}

test('its table lists exactly the keys of the schema, with default, bounds and meaning', () => {
  const expected = [...AGENT_KEYS.facts].map(
    ([key, { default: value, expects, meaning }]) => `| \`${key}\` | ${value} | ${expects} | ${meaning} |`,
  );
  assert.deepEqual(rowsUnder('Settings'), expected);
});

test('its table lists exactly the reasons that the code has, with their statuses', () => {
  const expected = Object.entries(ENDINGS).map(
    ([reason, { status, sentence }]) => `| \`${reason}\` | ${status === 0 ? 'none' : status} | ${sentence} |`,
  );
  assert.deepEqual(rowsUnder('Endings'), expected);
});

test('no text breaks a table', () => {
  for (const [heading, cells] of [
    ['Settings', 4],
    ['Endings', 3],
    ["What differs from Neutron's agents", 4],
  ] as const) {
    const rows = rowsUnder(heading);
    assert.ok(rows.length > 0, heading);
    for (const row of rows) assert.equal(row.split('|').length - 2, cells, row);
  }
});

test('every example in it, and in docs/metrics.md, is valid', () => {
  const examples = [...(document + read('docs/metrics.md')).matchAll(/```yaml agent\n(.*?)```/gs)].map(
    ([, example = '']) => example,
  );
  assert.ok(examples.length > 0);
  const surroundings = {
    environment: { METASTEER_SHARED_SECRET: 'x' },
    readText: () => '',
    readSecret: () => new Secret('x'),
  };
  for (const example of examples) parseAgentSettings(example, 'docs/agent.md', surroundings);
});

test('every reason with a status makes a response of one line of text, with Retry-After where it is worth while', () => {
  for (const reason of (Object.keys(ENDINGS) as Reason[]).filter((name) => statusOf(name) !== 0)) {
    const { lines, body } = refusal(reason);
    assert.match(body, /^[a-z0-9-]+: [^\n]+\.\n$/);
    assert.equal(lines[lines.indexOf('Content-Length') + 1], String(Buffer.byteLength(body)));
    assert.equal(lines.includes('Retry-After'), statusOf(reason) === 503);
  }
});
