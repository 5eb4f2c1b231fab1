import { chmodSync, chownSync, linkSync, lstatSync, renameSync, type Stats, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';

/** `sun_path` of unix(7) has 108 bytes, the last of them zero. */
const PATH_BYTES_MAX = 107;

/** A UNIX socket by its name, and who may connect: to connect one needs to write to it (unix(7)). */
export interface SocketFile {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Connections that may wait to be accepted. The kernel takes no more than net.core.somaxconn. */
  readonly backlog?: number;
}

/** Another process answers on the socket. */
export class SocketTakenError extends Error {}

let made = 0;

/**
 * A server on a UNIX socket. The socket is made under another name beside its own, gets its owner and mode there, and then
 * its name in one step: nobody ever sees it without permission, and nothing that lives is replaced.
 */
export class SocketListener {
  readonly #server: Server;
  readonly #path: string;
  readonly #inode: bigint;

  private constructor(server: Server, path: string, inode: bigint) {
    this.#server = server;
    this.#path = path;
    this.#inode = inode;
  }

  /**
   * @throws {SocketTakenError} when another process answers there
   * @throws {Error} when there is something else than a socket, or the system refuses
   */
  static async listen(server: Server, file: SocketFile): Promise<SocketListener> {
    const stale = await staleAt(file.path);
    const aside = nameBeside(file.path);
    await bind(server, aside, file.backlog);
    try {
      chmodSync(aside, file.mode);
      if (file.uid !== undefined || file.gid !== undefined) chownSync(aside, file.uid ?? -1, file.gid ?? -1);
      if (stale !== undefined) retire(file.path, stale);
      publish(aside, file.path);
      const listener = new SocketListener(server, file.path, lstatSync(aside, { bigint: true }).ino);
      unlinkSync(aside);
      return listener;
    } catch (error) {
      // Node takes the name beside away with the server.
      server.close();
      throw error;
    }
  }

  /** Takes no more connections. Removes the socket, unless the name is another one's by now. */
  close(): void {
    const stats = lstatSync(this.#path, { bigint: true, throwIfNoEntry: false });
    if (stats?.ino === this.#inode) unlinkSync(this.#path);
    this.#server.close();
  }
}

/** What a process that is gone left there, if anything. */
async function staleAt(path: string): Promise<Stats | undefined> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isSocket()) throw new Error('there is something there that is not a socket, and it is not replaced');
  if (await answers(path)) throw new SocketTakenError('another process answers there');
  return stats;
}

/** Only a refusal says that nobody listens. A full backlog (EAGAIN) is a process that is busy. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

function nameBeside(path: string): string {
  made += 1;
  const aside = join(dirname(path), `.ms-${process.pid}-${made}`);
  if (Buffer.byteLength(aside) > PATH_BYTES_MAX)
    throw new Error(`its directory's name is too long: ${aside} must have at most ${PATH_BYTES_MAX} bytes`);
  // Of a process that had the same number and was killed.
  if (lstatSync(aside, { throwIfNoEntry: false })?.isSocket()) unlinkSync(aside);
  return aside;
}

function bind(server: Server, path: string, backlog: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, ...(backlog === undefined ? {} : { backlog }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Takes a stale socket away, and nothing that has come to its name since it was looked at. */
function retire(path: string, stale: Stats): void {
  const grave = nameBeside(path);
  renameSync(path, grave);
  const isStale = lstatSync(grave).ino === stale.ino;
  if (!isStale) linkSync(grave, path);
  unlinkSync(grave);
  if (!isStale) throw new SocketTakenError('another process has just come to listen there');
}

/** A link, not a rename, which would replace what has come to the name meanwhile. */
function publish(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new SocketTakenError('another process has just come to listen there', { cause: error });
  }
}
