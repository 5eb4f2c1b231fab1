import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGENT_ROWS } from './agent-rows.ts';
import { ATTACH_ROWS } from './attach-rows.ts';
import { DISCOVERY_ROWS } from './discovery-rows.ts';
import { LOG_ROWS } from './log-rows.ts';
import { PROCESS_ROWS } from './process-rows.ts';
import { RELOAD_ROWS } from './reload-rows.ts';
import { RESOURCE_ROWS } from './resource-rows.ts';
import { titleOf } from './row.ts';
import { PROGRAM_ROWS, UPGRADE_ROWS } from './upgrade-rows.ts';

const ROWS_MIN = 40;
const TABLES = [
  ...[AGENT_ROWS, LOG_ROWS, ATTACH_ROWS, DISCOVERY_ROWS, PROCESS_ROWS, RESOURCE_ROWS],
  ...[UPGRADE_ROWS, PROGRAM_ROWS, RELOAD_ROWS],
];

test('the table of faults is long, and no two rows have the same name', () => {
  const titles = TABLES.flatMap((rows) => rows.map(titleOf));
  assert.ok(titles.length >= ROWS_MIN, `${titles.length} rows`);
  assert.equal(new Set(titles).size, titles.length);
});
