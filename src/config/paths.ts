/** `sun_path` of unix(7) has 108 bytes, the last of them zero. */
export const SOCKET_PATH_MAX = 107;

/** Checks for the path of a file. */
export function absolutePath(maxBytes: number): (path: string) => boolean {
  return (path) => path.startsWith('/') && !path.includes('\0') && Buffer.byteLength(path) <= maxBytes;
}

/** What a key takes that names a UNIX socket. */
export const socketPath = {
  accepts: absolutePath(SOCKET_PATH_MAX),
  expects: `an absolute path of at most ${SOCKET_PATH_MAX} bytes`,
};

/** What a key takes that names another file: PATH_MAX of Linux, a little less for what is put beside it. */
export const filePath = { accepts: absolutePath(4000), expects: 'an absolute path' };
