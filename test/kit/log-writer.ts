// A process that writes to its log as it is told over the channel to its parent, and says what became of the lines.
import { createLogger, LAST_LINES_MS, LogOutput } from '../../src/log.ts';

export type LogOrder = { readonly write: number } | { readonly end: true };
export type LogAnswer = { readonly dropped: number };

const output = new LogOutput();
const log = createLogger('info', {}, output);

process.on('message', async (order: LogOrder) => {
  if ('write' in order) {
    for (let line = 0; line < order.write; line += 1) log.info({ line, filling: 'x'.repeat(900) }, 'a line');
    process.send?.({ dropped: output.dropped } satisfies LogAnswer);
  } else {
    await output.close(LAST_LINES_MS);
    process.disconnect();
  }
});
