import { spawn } from 'node:child_process';

export interface CommandOptions {
  /** Written to the program's standard input, which is then closed. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was started and did not exit with 0, or could not be started. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly status: number;

  constructor(command: string, args: readonly string[], result: CommandResult) {
    const said = (result.stderr || result.stdout).trim().split('\n').slice(-3).join('; ');
    super(`\`${command} ${args.join(' ')}\` ended with status ${result.status}${said === '' ? '' : `: ${said}`}`);
    this.status = result.status;
  }
}

const TIMEOUT_MS = 15_000;
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Runs a program without a shell and gives what it said, whatever its exit status.
 * It is killed after the time limit, or when it says more than 4 MiB; its status is then 124.
 *
 * The program gets a process group of its own: a Ctrl-C in the terminal must reach this process alone,
 * which then cleans up with programs that nobody interrupts.
 */
export function tryCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { detached: true, stdio: 'pipe' });
    const output = { stdout: '', stderr: '' };
    let killed = false;
    const kill = () => {
      killed = true;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(kill, options.timeoutMs ?? TIMEOUT_MS);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
        if (output[name].length > OUTPUT_BYTES_MAX) kill();
      });
    }
    child.once('error', (error) => {
      clearTimeout(timer);
      resolve({ status: 127, stdout: '', stderr: error.message });
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ ...output, status: killed ? 124 : (code ?? 128) });
    });
    // A program that ends before it has read its input is judged by its status, not by EPIPE.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/**
 * Like {@link tryCommand}, for programs that must succeed. Returns the standard output.
 *
 * @throws {CommandError} with the end of what the program said.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await tryCommand(command, args, options);
  if (result.status !== 0) throw new CommandError(command, args, result);
  return result.stdout;
}
