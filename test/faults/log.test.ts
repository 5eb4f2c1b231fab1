// One row needs root: it fills a disk of its own.
import { describe } from 'node:test';
import { LOG_ROWS, LogSite } from './log-rows.ts';
import { testRows } from './row.ts';

describe('a fault of the log:', () => {
  testRows(LOG_ROWS, async (inject) => {
    const site = new LogSite();
    try {
      await inject(site);
    } finally {
      site.end();
    }
  });
});
