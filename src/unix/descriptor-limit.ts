import { readFileSync } from 'node:fs';

/** How many descriptors this process may have open (RLIMIT_NOFILE); Node has raised the soft limit to the hard one. */
export function descriptorLimit(): number {
  const soft = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
