import type { Namespace } from '../../src/demo/namespace.ts';

/** Node has no packet sockets. */
const SENDER = `
import socket, sys
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind(('eth0', 0))
sender.send(bytes.fromhex(sys.stdin.read()))
`;

/** Puts one Ethernet frame, byte for byte, on the wire of an instance's `eth0`. */
export async function sendFrame(namespace: Namespace, frame: Buffer): Promise<void> {
  await namespace.run('python3', ['-c', SENDER], { input: frame.toString('hex') });
}
