/** What tests of metrics share. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { read } from '../tidy/sources.ts';

/** What is served at `/metrics` on a UNIX socket. @throws {Error} when curl fails, or the status is none of success */
export async function curlOver(socket: string): Promise<string> {
  const args = ['-sS', '--fail', '--unix-socket', socket, 'http://localhost/metrics'];
  return (await promisify(execFile)('curl', args)).stdout;
}

/** Name, type and meaning of each metric in a table of docs/metrics.md, as they stand there. */
export function docRows(heading: string): string[] {
  const section = read('docs/metrics.md').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | ').slice(0, 3).join(' | '));
}
