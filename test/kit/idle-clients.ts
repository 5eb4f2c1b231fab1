// Opens many connections from many addresses of the loopback, and says nothing on them. Ends with its parent.
import { connect } from 'node:net';

export interface IdleOrder {
  readonly port: number;
  readonly connections: number;
  readonly addresses: number;
}

/** How it stands, each time it is asked. */
export interface IdleAnswer {
  /** Those too that were closed before this process, on a busy machine, heard that they are open. */
  readonly opened: number;
  readonly closed: number;
  /** Those that were not let in, by what their sockets say. */
  readonly failed: Readonly<Record<string, number>>;
}

/** So many are on their way at once: more would overrun the backlog. */
const AT_ONCE = 200;

let opened = 0;
let closed = 0;
const failed: Record<string, number> = {};

async function open({ port, connections, addresses }: IdleOrder): Promise<void> {
  const lane = async (first: number) => {
    for (let count = first; count < connections; count += AT_ONCE) {
      const localAddress = `127.1.0.${1 + (count % addresses)}`;
      await new Promise<void>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, localAddress });
        let isOpen = false;
        const letIn = () => {
          if (!isOpen) opened += 1;
          isOpen = true;
          resolve();
        };
        socket.once('connect', letIn);
        socket.on('error', (error: NodeJS.ErrnoException) => {
          if (error.code === 'ECONNRESET') return letIn();
          const code = error.code ?? error.message;
          if (!isOpen) failed[code] = (failed[code] ?? 0) + 1;
          resolve();
        });
        socket.on('close', () => {
          closed += 1;
        });
        socket.resume();
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => lane(first)));
}

process.on('message', (order: IdleOrder | 'how') => {
  const answer = () => process.send?.({ opened, closed, failed } satisfies IdleAnswer);
  if (order === 'how') answer();
  else void open(order).then(answer);
});
process.on('disconnect', () => process.exit(0));
