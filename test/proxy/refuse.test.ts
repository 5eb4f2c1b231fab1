import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ENDINGS, mayKeep, type Reason, refusal, statusOf } from '../../src/proxy/refuse.ts';

const REASONS = Object.keys(ENDINGS) as Reason[];

/** Rows of the table under a heading of docs/http.md, as trimmed cells. */
function tableOf(heading: string): string[][] {
  const section = readFileSync('docs/http.md', 'utf8').split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

test('docs/http.md tells exactly the reasons, statuses and connections that the code has', () => {
  const rows = REASONS.map((reason) => {
    const status = statusOf(reason);
    const connection = mayKeep(reason) ? 'goes on' : 'closes';
    return [`\`${reason}\``, status === 0 ? 'none' : String(status), connection, ENDINGS[reason].sentence];
  });
  assert.deepEqual(tableOf('Endings'), rows);
});

test('every reason with a status makes a complete response of one line of text', () => {
  for (const reason of REASONS.filter((name) => statusOf(name) !== 0)) {
    const { head, body } = refusal(reason, 'Connection: close\r\n');
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${statusOf(reason)} [A-Z][A-Za-z -]+\\r\\n`));
    assert.ok(head.endsWith(`Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`));
    assert.match(body, /^[a-z0-9-]+: [^\n]+\.\n$/);
    assert.equal(head.includes('Retry-After: 1\r\n'), [429, 503].includes(statusOf(reason)));
    assert.equal(head.includes('Allow: '), statusOf(reason) === 405);
  }
});
