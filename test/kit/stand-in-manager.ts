import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PYTHON } from '../../bench/agent/python-agent.ts';
import { until } from './node.ts';

/**
 * The service manager's side of sd_notify(3) with a store of descriptors, and of sd_listen_fds(3). Node cannot receive datagrams of
 * UNIX sockets. Words on its standard input: `forget` closes everything it keeps, `spoil` puts something else in the place of
 * the documents.
 */
const MANAGER = `
import array, json, os, select, socket, sys
notify, start = sys.argv[1:3]
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(notify)
starts = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
starts.bind(start)
starts.listen()
store = []

def tell(**what):
    print(json.dumps(dict(what, names=[name for name, fd in store])), flush=True)

def drop(which):
    global store
    for name, fd in store:
        if which(name):
            os.close(fd)
    store = [(name, fd) for name, fd in store if not which(name)]

def hear():
    data, fds, flags, address = socket.recv_fds(server, 8192, 8)
    words = dict(line.split('=', 1) for line in data.decode().split('\\n') if line)
    name = words.get('FDNAME', 'stored')
    if 'FDSTOREREMOVE' in words:
        drop(lambda each: each == name)
    # The last one first, as systemd does.
    if 'FDSTORE' in words:
        for fd in fds:
            store.insert(0, (name, fd))
    elif fds:
        raise SystemExit('descriptors without FDSTORE')
    if 'WATCHDOG' not in words:
        tell(message=data.decode())

def give():
    who, address = starts.accept()
    # No more than 253 go into one message.
    for at in range(0, len(store), 200):
        some = store[at:at + 200]
        socket.send_fds(who, [':'.join(name for name, fd in some).encode()], [fd for name, fd in some])
    who.close()

def spoil():
    for index, (name, fd) in enumerate(store):
        if name.startswith('document-'):
            os.close(fd)
            other = os.memfd_create('other')
            os.write(other, b'{"sequence": 1e15, "names": []}')
            store[index] = (name, other)

tell(message='bound')
while True:
    ready = select.select([server, starts, sys.stdin], [], [])[0]
    if server in ready:
        hear()
    elif starts in ready:
        give()
    else:
        word = sys.stdin.readline().strip()
        if not word:
            break
        drop(lambda each: True) if word == 'forget' else spoil()
        tell(message=word)
`;

/** Becomes the daemon, with what the manager kept from descriptor 3 on. */
const LAUNCHER = `
import os, socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
manager.connect(sys.argv[1])
names, fds = [], []
while True:
    text, some, flags, address = socket.recv_fds(manager, 65536, 250)
    if not some:
        break
    names.append(text.decode())
    fds += some
manager.close()
# Out of the way first: one may be where another has to go.
high = [os.dup2(fd, 5000 + index, inheritable=False) for index, fd in enumerate(fds)]
for fd in fds:
    os.close(fd)
for index, fd in enumerate(high):
    os.dup2(fd, 3 + index, inheritable=True)
    os.close(fd)
if fds:
    os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=':'.join(names))
os.execv(sys.argv[2], sys.argv[2:])
`;

interface Told {
  readonly message: string;
  readonly names: readonly string[];
}

/** A service manager as far as a daemon sees one that has a store. */
export class StandInManager {
  /** A command that becomes the daemon. */
  readonly through: readonly string[];
  readonly messages: string[] = [];
  /** Names of what it keeps, each as often as it keeps something by it. */
  names: readonly string[] = [];
  readonly #child: ChildProcess;

  private constructor(notify: string, start: string) {
    this.through = [PYTHON, '-c', LAUNCHER, start];
    this.#child = spawn(PYTHON, ['-c', MANAGER, notify, start], { stdio: ['pipe', 'pipe', 'inherit'] });
    assert.ok(this.#child.stdout);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const { message, names } = JSON.parse(line) as Told;
      this.messages.push(message);
      this.names = names;
    });
  }

  /** @param file makes paths of the names of its sockets */
  static async start(file: (name: string) => string): Promise<StandInManager> {
    const manager = new StandInManager(file('notify'), file('start'));
    await until('the manager listens', () => manager.messages.includes('bound'));
    return manager;
  }

  /** As `systemctl show -p NFileDescriptorStore` would, of the document alone. */
  get hasDocument(): boolean {
    return this.names.some((name) => name.startsWith('document-'));
  }

  /** Gives the store up, as for a service that is not started again. */
  forget(): Promise<void> {
    return this.#order('forget');
  }

  /** Puts something else in the place of the documents. */
  spoil(): Promise<void> {
    return this.#order('spoil');
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  async #order(word: string): Promise<void> {
    const before = this.messages.length;
    this.#child.stdin?.write(`${word}\n`);
    await until(`the manager did as told: ${word}`, () => this.messages.indexOf(word, before) !== -1);
  }
}
