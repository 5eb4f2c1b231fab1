// Needs the shim and Python, but no privileges. What ends reads early: TCP's urgent data of clients, and what an agent may send over
// its UNIX socket out of band, which Node's own sockets cannot send.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import { serveOverFront, until } from './worker.ts';

serveOverFront();
endAfterEach();

const KEEP_ALIVE_MS = 500;
const REPLIES = 20;

/** Runs a program in Python; what it prints is the result. */
async function python(program: string, ...args: readonly (string | number)[]): Promise<string> {
  const child = spawn('/usr/bin/python3', ['-c', program, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString('latin1');
  });
  const [status] = await once(child, 'close');
  assert.equal(status, 0);
  return said.trim();
}

/** A client that sends what its second argument evaluates to, then reads to the end; prints how that came, and what it read. */
const CLIENT = `
import socket, sys, time
client = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
client.settimeout(10)
urgent = lambda: client.send(b'!', socket.MSG_OOB)
exec(sys.argv[2])
read = b''
try:
    while True:
        more = client.recv(65536)
        if not more: break
        read += more
    print('end', read.decode('latin1'))
except ConnectionError as error:
    print('reset', read.decode('latin1'))
`;

describe('a client', () => {
  for (const [what, sends] of [
    ['nothing', 'pass'],
    ['one urgent byte', 'urgent()'],
    ['nothing but urgent bytes', 'for _ in range(8): urgent(); time.sleep(0.05)'],
  ] as const) {
    test(`that sends ${what} is ended when its time is over, without a response`, async () => {
      const worker = await startWorker({ timeouts: { httpKeepAliveMs: KEEP_ALIVE_MS } });
      await startKeepAlive(worker);
      const begun = performance.now();
      assert.match(await python(CLIENT, worker.port(), sends), /^(?:end|reset)$/);
      assert.ok(performance.now() - begun >= KEEP_ALIVE_MS);
      await until(() => worker.proxy.status().connections === 0, 'it has gone');
    });
  }

  test('that marks a byte within its request as urgent is answered as if it had not been there', async () => {
    const worker = await startWorker();
    const agent = await startKeepAlive(worker);
    const sends = `
client.send(b'POST / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\nContent-Length: 40000\\r\\n\\r\\n' + b'x' * 16384)
urgent()
client.send(b'y' * (40000 - 16384))`;
    assert.match(await python(CLIENT, worker.port(), sends), /^end HTTP\/1\.1 200 /);
    const asked = agent.received.find(({ requestLine }) => requestLine.startsWith('POST'));
    assert.ok(asked?.body === 'x'.repeat(16_384) + 'y'.repeat(40_000 - 16_384), `${asked?.body.length} bytes`);
  });

  test('that sends an urgent byte behind its request gets the whole response, and its end', async () => {
    const worker = await startWorker();
    await startKeepAlive(worker);
    const sends = `client.send(b'GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n'); urgent()`;
    for (let count = 0; count < 20; count += 1)
      assert.match(await python(CLIENT, worker.port(), sends), /^end HTTP\/1\.1 200 [\s\S]*GET \/ HTTP\/1\.1/);
  });
});

/**
 * Serves connections until it has answered so many requests: in three pieces, with a byte out of band and two descriptors at the
 * second and the third.
 */
const AGENT = `
import array, os, socket, sys, threading
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
server.listen(8)
null = os.open('/dev/null', os.O_RDONLY)
rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [null, null]))]
left = threading.Semaphore(int(sys.argv[2]))
def serve(client):
    while client.recv(65536):
        client.send(b'HTTP/1.1 200 OK\\r\\nContent-Length: 30\\r\\n\\r\\n' + b'a' * 10)
        try: client.send(b'!', socket.MSG_OOB)
        except OSError: pass
        client.sendmsg([b'b' * 10], rights)
        client.sendmsg([b'c' * 10], rights)
        if not left.acquire(blocking=False): os._exit(0)
print('ready', flush=True)
while True:
    client, _ = server.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
`;

test('an agent that passes descriptors and sends out of band has its replies read whole, and its descriptors closed', async () => {
  const worker = await startWorker({ agent: { generation: 'keep-alive' } });
  const agent = python(AGENT, worker.socket, REPLIES);
  await until(() => existsSync(worker.socket), 'the agent listens');
  let opened = 0;
  for (let count = 0; count <= REPLIES; count += 1) {
    const text = await worker.raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(text, /^HTTP\/1\.1 200 [\s\S]*\r\n\r\na{10}b{10}c{10}$/);
    if (count === 0) opened = readdirSync('/proc/self/fd').length;
  }
  const open = readdirSync('/proc/self/fd').length;
  assert.ok(open < opened + REPLIES, `${open} descriptors, ${opened} after the first reply`);
  await agent;
});
