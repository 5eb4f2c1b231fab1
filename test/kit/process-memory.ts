/** The memory of another process, for tests that overwrite it as a fault in its C would. Needs root. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, writeSync } from 'node:fs';

/** A mapping of a process. */
export interface Mapping {
  readonly start: number;
  readonly bytes: number;
}

interface Line extends Mapping {
  readonly access: string;
}

/** Mappings that can be read and written, with an inaccessible one right before and after them. */
export function guardedMappings(pid: number): readonly Mapping[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').flatMap(parseLine);
  return lines.filter(({ access, start, bytes }, index) => {
    const [before, after] = [lines[index - 1], lines[index + 1]];
    const isGuarded = before?.access === '---p' && after?.access === '---p';
    return access === 'rw-p' && isGuarded && before.start + before.bytes === start && start + bytes === after.start;
  });
}

function parseLine(line: string): readonly Line[] {
  const [, from, to, access] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
  if (from === undefined || to === undefined || access === undefined) return [];
  const start = Number.parseInt(from, 16);
  return [{ start, bytes: Number.parseInt(to, 16) - start, access }];
}

export function readMemory(pid: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  withMemory(pid, (fd) => readSync(fd, bytes, 0, length, at));
  return bytes;
}

export function writeMemory(pid: number, at: number, bytes: Buffer): void {
  withMemory(pid, (fd) => writeSync(fd, bytes, 0, bytes.length, at));
}

function withMemory(pid: number, use: (fd: number) => void): void {
  const fd = openSync(`/proc/${pid}/mem`, 'r+');
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes a byte into the newest pipe of which a process has both ends. */
export function writeOwnPipe(pid: number): void {
  const pipes = new Map<string, number[]>();
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    const target = readlinkSync(`/proc/${pid}/fd/${name}`);
    if (target.startsWith('pipe:')) pipes.set(target, [...(pipes.get(target) ?? []), Number(name)]);
  }
  const newest = Math.max(...[...pipes.values()].filter(({ length }) => length === 2).flat());
  const fd = openSync(`/proc/${pid}/fd/${newest}`, 'w');
  writeSync(fd, 'x');
  closeSync(fd);
}
