/** docs/threat-model.md names tests: each of them exists, and no row goes without. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exists, read } from './sources.ts';

const document = read('docs/threat-model.md');

/** `path` "title", as the document names a test. */
const REFERENCE = /`(test\/[\w./-]+\.ts)` "([^"]+)"/g;

const references = [...document.matchAll(REFERENCE)].map(([, path = '', title = '']) => ({ path, title }));

/** Whether a source has exactly that text as a string. */
function has(source: string, title: string): boolean {
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
}

/** Rows of the tables of threats: those with a column for the test. */
function threats(text: string): string[] {
  const tables = text.split(/\n\n/).filter((block) => block.startsWith('| threat |'));
  return tables.flatMap((table) => table.trim().split('\n').slice(2));
}

describe('the threat model', () => {
  test('names tests that exist', () => {
    const missing = references.filter(({ path, title }) => !exists(path) || !has(read(path), title));
    assert.deepEqual(missing, []);
  });

  test('has five cells and exactly one test in every row', () => {
    const rows = threats(document);
    assert.ok(rows.length > 40, `${rows.length} rows`);
    for (const row of rows) {
      assert.equal(row.split(' | ').length, 5, row);
      assert.equal([...row.matchAll(REFERENCE)].length, 1, row);
    }
  });

  test('is read as it is meant: a wrong title, path or cell would be seen', () => {
    assert.equal(has("it('a title', run)", 'a title'), true);
    assert.equal(has("it('a title', run)", 'title'), false);
    assert.deepEqual(threats('| threat | b |\n|---|---|\n| x | y |\n\n| who | b |\n|---|---|\n| z | y |\n'), [
      '| x | y |',
    ]);
  });
});
