import assert from 'node:assert/strict';
import { runCli } from '../../src/cli/program.ts';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function cli(...argv: readonly string[]): Promise<CliResult> {
  const codes: number[] = [];
  let stdout = '';
  let stderr = '';
  await runCli({
    argv,
    variables: {},
    stdout: {
      write: (text) => {
        stdout += text;
      },
    },
    stderr: {
      write: (text) => {
        stderr += text;
      },
    },
    exit: (code) => codes.push(code),
  });
  assert.equal(codes.length, 1, 'the exit code is given once');
  return { code: codes[0] ?? -1, stdout, stderr };
}
