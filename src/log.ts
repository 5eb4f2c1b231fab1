import { type DestinationStream, type Logger, pino, stdTimeFunctions, symbols } from 'pino';
import { LogOutput } from './log-output.ts';

export type { Logger } from 'pino';
export { LogOutput } from './log-output.ts';

/** How long a process that ends waits for whoever reads its log. */
export const LAST_LINES_MS = 1000;

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/**
 * Makes a logger that writes one JSON object per line: level as a word, time in ISO 8601, pid and the fields given.
 * Nothing needs to be blacked out, because bodies, cookies and signatures never reach a log call.
 *
 * @param fields in every line of this process, such as which role it has
 * @param stream where lines go, standard output unless given, for as long as the process lives
 */
export function createLogger(
  level: LogLevel,
  fields: Readonly<Record<string, string | number>> = {},
  stream: DestinationStream = new LogOutput(),
): Logger {
  const options = {
    level,
    base: { pid: process.pid, ...fields },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, stream);
}

/** Where a logger's lines go, for those of another process, which are whole already. @returns takes a line with its LF */
export function lineWriter(log: Logger): (line: string) => void {
  const stream = Reflect.get(log, symbols.streamSym) as DestinationStream;
  return (line) => void stream.write(line);
}
