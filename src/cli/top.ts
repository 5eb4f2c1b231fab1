import { Command, InvalidArgumentError, Option } from 'commander';
import type { StatusDocument } from '../control/status-document.ts';
import { type AdminOptions, adminOptions, socketOf } from './admin-options.ts';
import type { CliEnvironment } from './environment.ts';
import { topFigures } from './top-figures.ts';
import { SORTS, type SortKey, topDocument, topFrame } from './top-frame.ts';
import { Screen } from './top-screen.ts';

interface TopOptions extends AdminOptions {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly interval: number;
  readonly sort: SortKey;
}

/** Lines of a frame that is no terminal's are not cut. */
const WIDE = Number.POSITIVE_INFINITY;

/** `metasteer top`: what the running daemon does, again and again. */
export function topCommand(environment: CliEnvironment): Command {
  const command = new Command('top')
    .description('Watch what the running daemon does: requests, times, queue, drops, by port.')
    .option('--once', 'print one frame and end')
    .option('--json', 'print frames as JSON, one a line')
    .option('--interval <seconds>', 'from one frame to the next', parseInterval, 2)
    .addOption(new Option('--sort <by>', 'what ports are sorted by').choices(Object.keys(SORTS)).default('requests'));
  return adminOptions(command).action((options: TopOptions) => watch(options, environment));
}

async function watch(options: TopOptions, { stdout }: CliEnvironment): Promise<void> {
  const { fetchStatus } = await import('./admin-client.ts');
  const socket = await socketOf(options);
  const look = async () => ({ status: (await fetchStatus(socket)).document, at: performance.now() });
  const first = await look();
  const screen = options.json || options.once ? undefined : Screen.open(options.sort);
  let last = first;
  // Something to see at once; rates need a second look.
  screen?.draw((view) => frame(first.status, first.status, 1, view));
  try {
    for (;;) {
      if ((await pause(options.interval * 1000, screen)) === 'quit') return;
      const now = await look();
      const seconds = (now.at - last.at) / 1000;
      const before = last.status;
      if (options.json)
        stdout.write(`${JSON.stringify(topDocument(now.status, topFigures(before, now.status, seconds)))}\n`);
      else if (screen === undefined)
        stdout.write(`${frame(before, now.status, seconds, { columns: WIDE, sort: options.sort }).join('\n')}\n`);
      else screen.draw((view) => frame(before, now.status, seconds, view));
      if (options.once) return;
      last = now;
    }
  } finally {
    screen?.close();
  }
}

function frame(before: StatusDocument, now: StatusDocument, seconds: number, view: Parameters<typeof topFrame>[2]) {
  return topFrame(now, topFigures(before, now, seconds), view);
}

function pause(ms: number, screen: Screen | undefined): Promise<'quit' | 'go on'> {
  const over = new Promise<'go on'>((resolve) => setTimeout(() => resolve('go on'), ms));
  return screen === undefined ? over : Promise.race([over, screen.quit]);
}

function parseInterval(text: string): number {
  const seconds = Number(text);
  if (seconds >= 0.1 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError('It is a number of seconds from 0.1 to 3600.');
}
