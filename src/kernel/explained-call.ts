import { KernelError } from './kernel-error.ts';

const LOG_BYTES = 256 * 1024;
/** Log buffers between two uses; as many as calls ever ran at once. */
const spareLogs: Buffer[] = [];

/** Runs a call that explains itself in a log, and puts the explanation into the error. */
export async function withLog(run: (log: Buffer, size: number) => Promise<void>): Promise<void> {
  const log = spareLogs.pop() ?? Buffer.alloc(LOG_BYTES);
  try {
    await run(log, log.length);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const end = log.indexOf(0);
    throw new KernelError(error.operation, error.errno, importantLines(log.toString('utf8', 0, end)));
  } finally {
    spareLogs.push(log);
  }
}

/** The verifier's reason is in its last lines; thousands of lines of state come before them. */
function importantLines(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const shown = lines.slice(-12);
  const left = lines.length - shown.length;
  return left > 0 ? `(${left} lines left out)\n${shown.join('\n')}` : shown.join('\n');
}
