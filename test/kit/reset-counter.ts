import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PYTHON } from '../../bench/agent/python-agent.ts';
import type { Tenant } from '../../src/demo/stage.ts';

/** Node has no packet sockets. Reads what there is until its standard input ends, and then says what it saw. */
const READER = `
import json, select, socket, struct, sys
FIN, SYN, RST, ACK = 1, 2, 4, 16
METADATA = socket.inet_aton('169.254.169.254')
reader = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
reader.setsockopt(socket.SOL_SOCKET, 33, 1 << 25)
reader.bind(('eth0', 0))
print('{}', flush=True)
# Which sides have sent FIN, by the client's port.
flows = {}
seen = dict(segments=0, established=0, reset=0, refused=0, late=0, lost=0)

def look(frame):
    kind, = struct.unpack_from('!H', frame, 12)
    if kind != 0x0800 or frame[23] != socket.IPPROTO_TCP:
        return
    tcp = 14 + 4 * (frame[14] & 15)
    source, target = struct.unpack_from('!HH', frame, tcp)
    ours = frame[26:30] == METADATA and source == 80
    if not ours and (frame[30:34] != METADATA or target != 80):
        return
    flow, flags = target if ours else source, frame[tcp + 13]
    seen['segments'] += 1
    if flags & RST:
        ended = flows.pop(flow, None)
        seen['refused' if ended is None else 'late' if len(ended) == 2 else 'reset'] += 1
    elif flags & SYN:
        # The client's says that its port is used again.
        flows.pop(flow, None)
        if flags & ACK:
            flows[flow] = set()
            seen['established'] += 1
    elif flags & FIN and flow in flows:
        flows[flow].add(ours)

while True:
    ready = select.select([reader, sys.stdin], [], [])[0]
    if reader in ready:
        look(reader.recv(256))
    else:
        break
seen['lost'] = struct.unpack('II', reader.getsockopt(263, 6, 8))[1]
print(json.dumps(seen), flush=True)
`;

const RESETTER = `
import socket, struct
client = socket.create_connection(('169.254.169.254', 80), 10)
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
client.close()
`;

/** TCP segments to and from the metadata address over IPv4, as they passed the interfaces of some instances. */
export interface SeenSegments {
  segments: number;
  /** Connections that were answered with SYN and ACK. */
  established: number;
  /** RST segments of those, of either side. */
  reset: number;
  /** RST segments after both sides had ended it: an ACK that came late, to a side that has forgotten it. */
  late: number;
  /** RST segments of no connection that was established. */
  refused: number;
  /** Segments that were not looked at because they came too fast. */
  lost: number;
}

/** Nothing but the one of `resetOne`, which shows that they are counted. */
export const ONLY_OURS = { reset: 1, refused: 0, lost: 0 } as const;

/** Counts what is on the wire, whatever clients make of it, on `eth0` of several instances. */
export class ResetCounter {
  readonly #readers: readonly { readonly child: ChildProcess; readonly lines: AsyncIterator<string> }[];

  private constructor(children: readonly ChildProcess[]) {
    this.#readers = children.map((child) => {
      if (child.stdout === null) throw new Error('the reader has no output');
      return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
    });
  }

  /** Resolves when it counts. */
  static async start(tenants: readonly Tenant[]): Promise<ResetCounter> {
    const counter = new ResetCounter(
      tenants.map(({ instance }) =>
        spawn('ip', ['netns', 'exec', instance.namespace.name, PYTHON, '-c', READER], {
          stdio: ['pipe', 'pipe', 'inherit'],
        }),
      ),
    );
    for (const { lines } of counter.#readers) await lines.next();
    return counter;
  }

  async stop(): Promise<SeenSegments> {
    const total: SeenSegments = { segments: 0, established: 0, reset: 0, late: 0, refused: 0, lost: 0 };
    for (const { child, lines } of this.#readers) {
      child.stdin?.end();
      const seen = JSON.parse(String((await lines.next()).value)) as SeenSegments;
      for (const name of Object.keys(total) as (keyof SeenSegments)[]) total[name] += seen[name];
    }
    return total;
  }
}

/** Opens a connection from an instance and ends it with a RST: one that a counter has to count. */
export async function resetOne({ instance }: Tenant): Promise<void> {
  await instance.namespace.run(PYTHON, ['-c', RESETTER]);
}
