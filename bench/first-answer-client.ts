/**
 * Runs inside an instance and finds out when the first request is answered. For each line on standard input it tries
 * a new connection every 2 ms until one brings a 200, and says so:
 *
 *   probe  ->  probing                          the first attempt is under way
 *              answered <nanoseconds> <tries>   CLOCK_MONOTONIC, which all processes share
 *              silent <tries>                   nothing in 15 s
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 2;
/** A SYN that was lost is sent again after a second; a fresh attempt is sooner. */
const PATIENCE_MS = 200;
const GIVE_UP_MS = 15_000;
const TARGET = { host: '169.254.169.254', port: 80 } as const;
const REQUEST = 'GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n';

/** One attempt. Calls back at once when the status line says 200; anything else is silence. */
function attempt(answered: (at: bigint) => void): void {
  const socket = connect(TARGET);
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
  let reply = '';
  socket.setNoDelay(true);
  socket.on('connect', () => socket.write(REQUEST));
  socket.on('data', (bytes: Buffer) => {
    reply += bytes.toString('latin1');
    if (reply.startsWith('HTTP/1.1 200 ')) answered(process.hrtime.bigint());
    if (reply.length >= 13) socket.destroy();
  });
  socket.on('error', () => {});
  socket.on('close', () => clearTimeout(timer));
}

async function probe(): Promise<string> {
  let answer: bigint | undefined;
  let tries = 0;
  const deadline = performance.now() + GIVE_UP_MS;
  while (answer === undefined && performance.now() < deadline) {
    attempt((at) => {
      answer ??= at;
    });
    tries += 1;
    if (tries === 1) process.stdout.write('probing\n');
    await sleep(EVERY_MS);
  }
  return answer === undefined ? `silent ${tries}\n` : `answered ${answer} ${tries}\n`;
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'probe') process.stdout.write(await probe());
}
