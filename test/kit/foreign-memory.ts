import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';

/** F_SEAL_* of fcntl(2). */
export const SEAL = { seal: 1, shrink: 2, grow: 4, write: 8 } as const;

/** Holds the memory, whose descriptor it names, until its standard input ends. Node cannot make any. */
const HOLDER = `
import fcntl, os, sys
seals = int(sys.argv[1])
fd = os.memfd_create('foreign', os.MFD_ALLOW_SEALING if seals else 0)
os.write(fd, bytes.fromhex(sys.argv[2]))
os.ftruncate(fd, int(sys.argv[3]))
if seals:
    fcntl.fcntl(fd, 1033, seals)  # F_ADD_SEALS
print(fd, flush=True)
sys.stdin.read()
`;

/**
 * Memory without a name (memfd) as another program would hand it over. The descriptor is the caller's.
 *
 * @param seals any of `SEAL`, added up; with 0 it takes none, as memfd_create(2) makes it unless asked
 * @param size its bytes, zero behind the contents; else it ends with these
 */
export async function foreignMemory(contents: Uint8Array, seals = 0, size = contents.length): Promise<number> {
  const args = ['-c', HOLDER, String(seals), Buffer.from(contents).toString('hex'), String(size)];
  const holder = spawn('python3', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(holder.stdout, 'data')) as [Buffer];
    return openSync(`/proc/${holder.pid}/fd/${Number(line.toString())}`, 'r+');
  } finally {
    holder.stdin.end();
    if (holder.exitCode === null) await once(holder, 'exit');
  }
}
