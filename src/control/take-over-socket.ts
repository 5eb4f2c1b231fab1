import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../kernel/process.ts';

const NAME = /^take-over-([1-9]\d{0,6})\.sock$/;

/** Where this process gets the descriptors of the daemon that it takes over from. */
export function takeOverSocket(runDir: string): string {
  return join(runDir, `take-over-${process.pid}.sock`);
}

/** Removes the sockets of processes that were killed while they took over. Never fails: they are in nobody's way. */
export function clearTakeOverSockets(runDir: string): void {
  try {
    for (const name of readdirSync(runDir)) {
      const pid = NAME.exec(name)?.[1];
      if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(runDir, name), { force: true });
    }
  } catch {
    // The next one to come here tries again.
  }
}
