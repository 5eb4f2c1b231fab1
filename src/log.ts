import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/**
 * Makes a logger that writes one JSON object per line: level as a word, time in ISO 8601, pid and the fields given.
 * Nothing needs to be blacked out, because bodies, cookies and signatures never reach a log call.
 *
 * @param fields in every line of this process, such as which role it has
 * @param stream where lines go, standard output unless given
 */
export function createLogger(
  level: LogLevel,
  fields: Readonly<Record<string, string | number>> = {},
  stream?: DestinationStream,
): Logger {
  const options = {
    level,
    base: { pid: process.pid, ...fields },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return stream === undefined ? pino(options) : pino(options, stream);
}
