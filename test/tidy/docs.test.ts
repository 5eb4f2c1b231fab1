import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInventory } from '../../src/agent/inventory.ts';
import { parseConfig } from '../../src/config/load.ts';
import { CONFIG_KEYS } from '../../src/config/schema.ts';
import { ERRORS } from '../../src/errors.ts';
import { filesUnder, read } from './sources.ts';

const configuration = read('docs/configuration.md');
const errors = read('docs/errors.md');

/** The rows of a table in Markdown whose first cell is code. */
function rows(document: string): string[] {
  return document.split('\n').filter((line) => line.startsWith('| `'));
}

test('docs/configuration.md lists exactly the keys of the schema, with default, bounds and meaning', () => {
  const expected = [...CONFIG_KEYS.facts].map(
    ([key, { default: value, expects, meaning }]) => `| \`${key}\` | ${value} | ${expects} | ${meaning} |`,
  );
  assert.deepEqual(rows(configuration), expected);
});

test('every example of a configuration in docs/ is valid', () => {
  const examples = filesUnder('docs', /\.md$/).flatMap((path) =>
    [...read(path).matchAll(/```yaml\n(.*?)```/gs)].map((match) => [path, match[1] ?? '']),
  );
  assert.ok(examples.length > 0);
  const surroundings = { environment: {}, readText: () => '[DEFAULT]\n' };
  for (const [path = '', example = ''] of examples) parseConfig(example, path, surroundings);
});

test('every example of an inventory in docs/ is valid', () => {
  const examples = filesUnder('docs', /\.md$/).flatMap((path) =>
    [...read(path).matchAll(/```yml\n(.*?)```/gs)].map((match) => [path, match[1] ?? '']),
  );
  assert.ok(examples.length > 0);
  for (const [path = '', example = ''] of examples) parseInventory(example, path);
});

test('docs/errors.md lists exactly the codes of the catalogue, with what to do', () => {
  const expected = Object.entries(ERRORS).map(([code, action]) => `| \`${code}\` | ${action} |`);
  assert.deepEqual(rows(errors), expected);
});

test('every code of the catalogue is used', () => {
  const sources = filesUnder('src', /\.ts$/)
    .filter((path) => path !== 'src/errors.ts')
    .map(read);
  const unused = Object.keys(ERRORS).filter((code) => !sources.some((source) => source.includes(`'${code}'`)));
  assert.deepEqual(unused, []);
});

for (const [title, table, cells] of [
  ['configuration', rows(configuration), 4],
  ['errors', rows(errors), 2],
] as const) {
  test(`no text breaks the table of docs/${title}.md`, () => {
    for (const row of table) assert.equal(row.split('|').length - 2, cells, row);
  });
}
