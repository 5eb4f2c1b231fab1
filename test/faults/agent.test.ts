import { describe } from 'node:test';
import { AGENT_ROWS } from './agent-rows.ts';
import { atSite } from './agent-site.ts';
import { testRows } from './row.ts';

describe('a fault of the agent:', () => {
  testRows(AGENT_ROWS, atSite);
});
