/** Answers on TCP (as HTTP) and UDP with the protocol and port it was reached at:  echo-server.js tcp:80 udp:80 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';

const wanted = process.argv.slice(2);
let listening = 0;

function ready(): void {
  listening += 1;
  if (listening === wanted.length) process.stdout.write('ready\n');
}

for (const each of wanted) {
  const [protocol = '', port = ''] = each.split(':');
  const text = `${protocol} ${port}`;
  if (protocol === 'tcp') createServer((_, response) => response.end(text)).listen(Number(port), '0.0.0.0', ready);
  else {
    const socket = createSocket('udp4');
    socket.on('message', (_, from) => socket.send(text, from.port, from.address));
    socket.bind(Number(port), ready);
  }
}
