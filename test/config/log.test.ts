import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../src/log.ts';

test('a log line is a JSON object with a word for its level, ISO time, pid, given fields, and no host name', () => {
  const lines: string[] = [];
  const logger = createLogger('info', { role: 'supervisor' }, { write: (line: string) => void lines.push(line) });
  logger.debug('too light');
  logger.warn({ port: 7 }, 'attached');
  assert.equal(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0] ?? '');
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, { level: 'warn', pid: process.pid, role: 'supervisor', port: 7, msg: 'attached' });
});
