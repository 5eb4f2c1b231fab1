import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ACK,
  bytes,
  ethernet,
  extension,
  frame,
  icmpv6,
  ipv4,
  ipv6,
  ipv6Bytes,
  SYN,
  tcp,
  udp,
  vlan,
} from '../../bench/packet-builder.ts';

const mac = { from: 'fa:16:3e:00:00:0a', to: 'fa:16:3e:00:00:01' };

test('an IPv4 header has the length, protocol and checksum of a well-known example', () => {
  const ip = ipv4({ from: '192.168.0.1', to: '192.168.0.199' });
  const built = frame(ethernet(mac), ip, udp({ from: 1, to: 2 }), bytes(0, Buffer.alloc(87)));
  assert.equal(built.toString('hex', 0, 34), 'fa163e000001fa163e00000a080045000073000040004011b861c0a80001c0a800c7');
});

test('a TCP checksum covers the pseudo-header of either family', () => {
  const segment = tcp({ from: 40000, to: 80, flags: SYN | ACK });
  const over4 = frame(ipv4({ from: '10.0.0.5', to: '169.254.169.254' }), segment, bytes(0, 'odd'));
  assert.equal(over4.length, 43);
  assert.equal(folded(over4.subarray(12), 6, 23), 0xffff);
  const over6 = frame(ipv6({ from: 'fe80::a', to: 'fe80::a9fe:a9fe' }), segment, bytes(0, 'odd'));
  assert.equal(over6.readUInt16BE(4), 23);
  assert.equal(folded(over6.subarray(8), 6, 23), 0xffff);
});

test('headers between IP and TCP are named in order and do not disturb the checksum', () => {
  const layers = [extension(0), extension(60), tcp({ from: 1, to: 80, flags: SYN })];
  const built = frame(ethernet(mac), vlan({ id: 7 }), ipv6({ from: 'fe80::a', to: 'fe80::b' }), ...layers);
  assert.deepEqual([built.readUInt16BE(12), built.readUInt16BE(14), built.readUInt16BE(16)], [0x8100, 7, 0x86dd]);
  assert.deepEqual([built[18 + 6], built[18 + 40], built[18 + 48]], [0, 60, 6]);
  assert.equal(built.readUInt16BE(18 + 4), 36);
});

test('an ICMPv6 message is checked over the addresses', () => {
  const built = frame(ipv6({ from: 'fe80::a', to: 'ff02::1:ff00:1' }), icmpv6(135, Buffer.alloc(20)));
  assert.equal(folded(built.subarray(8), 58, 24), 0xffff);
});

test('an IPv6 address is read with and without its run of zeros', () => {
  assert.equal(ipv6Bytes('::').toString('hex'), '0'.repeat(32));
  assert.equal(ipv6Bytes('fe80::a9fe:a9fe').toString('hex'), 'fe8000000000000000000000a9fea9fe');
  assert.equal(ipv6Bytes('1:2:3:4:5:6:7:8').toString('hex'), '00010002000300040005000600070008');
});

/** What a receiver sums up: 0xffff when the checksum is right (RFC 1071). */
function folded(data: Buffer, protocol: number, length: number): number {
  const even = data.length % 2 === 0 ? data : Buffer.concat([data, Buffer.alloc(1)]);
  let sum = protocol + length;
  for (let at = 0; at < even.length; at += 2) sum += even.readUInt16BE(at);
  return (sum & 0xffff) + (sum >>> 16);
}
