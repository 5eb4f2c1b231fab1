/** A server whose manners are known, on the loopback address. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** What a server does with a connection, and with each request on it. */
export interface Manners {
  readonly connected?: (socket: Socket) => void;
  /** @param nth from 1, over all connections */
  readonly asked: (socket: Socket, nth: number, path: string) => void;
}

/** Runs a server for as long as it is used; gives what came of that and how many connections there were. */
export async function withServer<Result>(
  { connected, asked }: Manners,
  use: (port: number) => Promise<Result>,
): Promise<Result & { sockets: number }> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    connected?.(socket);
    socket.on('data', (bytes) => {
      if (!bytes.includes('\r\n\r\n')) return;
      requests += 1;
      asked(socket, requests, bytes.toString('latin1').split(' ')[1] ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  try {
    return { ...(await use((server.address() as AddressInfo).port)), sockets: sockets.size };
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** A port on which nobody listens any more. */
export function deserted(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, LOOPBACK, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
