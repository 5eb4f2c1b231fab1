/** What hosts say of their addresses without being asked, and how often their SYNs had to be sent again. */
import type { Namespace } from '../../src/demo/namespace.ts';

const ANNOUNCE = `
import socket, struct, sys
interface, address, mac = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3].replace(':', ''))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind((interface, 0))
if ':' in address:
    own, all_nodes = socket.inet_pton(socket.AF_INET6, address), socket.inet_pton(socket.AF_INET6, 'ff02::1')
    body = struct.pack('!BBHI', 136, 0, 0, 0x20000000) + own + b'\\2\\1' + mac
    words = struct.unpack('!%dH' % ((len(body) + 40) // 2), own + all_nodes + struct.pack('!II', len(body), 58) + body)
    total = sum(words)
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    body = body[:2] + struct.pack('!H', ~total & 0xffff) + body[4:]
    wire.send(bytes.fromhex('333300000001') + mac + b'\\x86\\xdd' + struct.pack('!IHBB', 6 << 28, len(body), 58, 255) + own + all_nodes + body)
else:
    own = socket.inet_aton(address)
    wire.send(b'\\xff' * 6 + mac + b'\\x08\\x06' + struct.pack('!HHBBH', 1, 0x800, 6, 4, 1) + mac + own + bytes(6) + own)
`;

/** A gratuitous ARP, or an unsolicited neighbour advertisement that overrides (RFC 5227 section 2.3, RFC 4861 section 7.2.6). */
export async function announce(namespace: Namespace, name: string, mac: string, address: string): Promise<void> {
  await namespace.run('python3', ['-c', ANNOUNCE, name, address, mac]);
}

/** How many SYNs of a namespace were sent again since it was made. */
export async function synsSentAgain(namespace: Namespace): Promise<number> {
  const lines = (await namespace.run('cat', ['/proc/net/netstat']))
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'));
  const [names = [], values = []] = lines.map((line) => line.split(' '));
  const value = values[names.indexOf('TCPSynRetrans')];
  if (value === undefined) throw new Error('no TCPSynRetrans');
  return Number(value);
}
