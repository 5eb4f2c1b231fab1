/** Forged packets, from an instance's interface. Needs root. */
import type { Nic } from './identity-lab.ts';

const FORGER = `
import json, random, socket, struct, sys, time
def csum(b):
    if len(b) % 2: b += b'\\0'
    s = sum(struct.unpack('!%dH' % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
o = json.loads(sys.stdin.read())
v6 = ':' in o['source']
fam = socket.AF_INET6 if v6 else socket.AF_INET
src, dst = socket.inet_pton(fam, o['source']), socket.inet_pton(fam, 'fe80::a9fe:a9fe' if v6 else '169.254.169.254')
mac = lambda text: bytes.fromhex(text.replace(':', ''))
def segment(sport, seq, ack, flags, payload=b''):
    t = struct.pack('!HHIIBBHHH', sport, 80, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 64240, 0, 0)
    pseudo = src + dst + (struct.pack('!IHBB', len(t + payload), 0, 0, 6) if v6 else struct.pack('!BBH', 0, 6, len(t + payload)))
    t = t[:16] + struct.pack('!H', csum(pseudo + t + payload)) + t[18:] + payload
    if v6: ip = struct.pack('!IHBB', 6 << 28, len(t), 6, 64) + src + dst
    else:
        ip = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(t), 1, 0x4000, 64, 6, 0) + src + dst
        ip = ip[:10] + struct.pack('!H', csum(ip)) + ip[12:]
    return mac(o['to']) + mac(o['mac']) + (b'\\x86\\xdd' if v6 else b'\\x08\\x00') + ip + t
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((o['interface'], 0))
if o.get('many'):
    deadline = time.monotonic() + o['seconds']
    sent = 0
    while time.monotonic() < deadline:
        if o.get('sources'): src = src[:-2] + struct.pack('!H', 2 + sent % o['sources'])
        s.send(segment((o.get('port') or random.randrange(1025, 65000)) + sent % o.get('ports', 1), o.get('seq') or random.randrange(2**32), random.randrange(2**32), o['many']))
        sent += 1
        time.sleep(1 / o['rate'])
    print(json.dumps({'sent': sent}))
    sys.exit()
# One connection, as far as it goes.
sport, seq = o.get('port') or random.randrange(20000, 60000), random.randrange(2**31)
s.send(segment(sport, seq, 0, 2))
got, accepted, nxt = b'', False, 0
s.settimeout(0.2)
end = time.monotonic() + o.get('seconds', 1.5)
at = 14 + (40 if v6 else 20)
while time.monotonic() < end:
    try: f = s.recv(65535)
    except socket.timeout: continue
    if f[12:14] != (b'\\x86\\xdd' if v6 else b'\\x08\\x00') or len(f) < at + 20: continue
    sp, dp, fseq, fack, off, flags = struct.unpack('!HHIIBB', f[at:at + 14])
    if sp != 80 or dp != sport or f[0:6] == mac(o['to']): continue
    if flags & 0x12 == 0x12 and not accepted:
        accepted, nxt = True, fseq + 1
        s.send(segment(sport, seq + 1, nxt, 0x10))
        s.send(segment(sport, seq + 1, nxt, 0x18, b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'))
    got += f[at + (off >> 4) * 4:].rstrip(b'\\0')
print(json.dumps({'accepted': accepted, 'got': got.decode('latin1')}))
`;

export interface Forgery {
  /** Address that is claimed. */
  readonly source: string;
  /** MAC of the frames; the forger's own unless given. */
  readonly mac?: string;
  /** The client's port; any unless given. */
  readonly port?: number;
  /** With `many`: so many ports, from `port` on. */
  readonly ports?: number;
  readonly seconds?: number;
  /** Sends segments with these flags and random numbers all the time, in place of one connection. */
  readonly many?: number;
  readonly rate?: number;
  readonly seq?: number;
  /** So many addresses, that differ in their last two bytes. */
  readonly sources?: number;
}

export interface Forged {
  /** Whether the forger got a SYN with ACK. */
  readonly accepted?: boolean;
  /** Bytes that the forger got. */
  readonly got?: string;
  readonly sent?: number;
}

/** Sends forged packets from an instance's interface, and says what came back to it. */
export async function forge(nic: Nic, forgery: Forgery): Promise<Forged> {
  const order = { mac: nic.mac, to: nic.network.port.mac, interface: nic.name, ...forgery };
  return JSON.parse(await nic.namespace.run('python3', ['-c', FORGER], { input: JSON.stringify(order) })) as Forged;
}
