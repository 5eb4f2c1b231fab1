/**
 * Runs inside an instance: opens so many connections to the metadata address, the number is its argument, and keeps them
 * open without a word until its input ends. It answers each line on standard input with how many are open.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const TARGET = { host: '169.254.169.254', port: 80 } as const;

let open = 0;
for (let left = Number(process.argv[2]); left > 0; left -= 1) {
  const socket = connect(TARGET);
  socket.on('connect', () => {
    open += 1;
  });
  socket.on('error', () => {});
  socket.on('close', (hadError) => {
    if (!hadError) open -= 1;
  });
}
const input = createInterface({ input: process.stdin });
input.on('line', () => process.stdout.write(`${open}\n`));
input.on('close', () => process.exit());
