/** Every C that reads what others write, as a target for a fuzzer. `npm run fuzz` and the tests run all of them. */
import { descriptorsSeeds } from './descriptors-seeds.ts';
import { frontSeeds } from './front-seeds.ts';
import { haproxySeeds } from './haproxy-seeds.ts';
import { netlinkSeeds } from './netlink-seeds.ts';
import { packetSeeds } from './packet-seeds.ts';
import { ratesSeeds } from './rates-seeds.ts';
import { type FuzzTarget, SANITISERS } from './target.ts';

export const TARGETS: readonly FuzzTarget[] = [
  {
    name: 'packet',
    meaning: 'the parser of packets, bpf/packet.h',
    sources: ['test/fuzz/packet.c'],
    // Headers are at odd multiples of two, as in the kernel: reading them there is no mistake.
    sanitisers: [...SANITISERS, '-fno-sanitize=alignment'],
    maxLength: 2048,
    runs: 20_000,
    seeds: packetSeeds,
  },
  {
    name: 'rates',
    meaning: 'the table of requests that workers share, native/rates.c',
    sources: ['test/fuzz/rates.c', 'native/rates.c', 'native/sealed.c'],
    flags: ['-pthread'],
    maxLength: 1024,
    runs: 5000,
    seeds: ratesSeeds,
  },
  {
    name: 'descriptors',
    meaning: 'messages with descriptors, native/hand_over.c',
    sources: ['test/fuzz/descriptors.c', 'native/hand_over.c', 'native/socket.c', 'test/fuzz/here.c'],
    flags: ['-Wl,--wrap=recvmsg'],
    maxLength: 64,
    runs: 5000,
    seeds: descriptorsSeeds,
  },
  {
    name: 'haproxy-conf',
    meaning: 'configurations of haproxy, native/haproxy-conf.c',
    sources: ['test/fuzz/haproxy-conf.c', 'native/haproxy-conf.c'],
    flags: ['-Wl,--wrap=fopen'],
    maxLength: 16_384,
    runs: 5000,
    seeds: haproxySeeds,
  },
  {
    name: 'front',
    meaning: 'the sockets of clients and the agent, native/front*.c',
    sources: [
      ...['test/fuzz/front.c', 'test/kernel/front-reader.c'],
      ...['front.c', 'front_memory.c', 'front_ops.c', 'front_read.c', 'peer_mac.c'].map((file) => `native/${file}`),
    ],
    flags: ['-pthread'],
    maxLength: 2048,
    runs: 2000,
    seeds: frontSeeds,
  },
  {
    name: 'netlink',
    meaning:
      'answers and events of netlink, native/netlink.c, link.c, link_events.c, attach.c, prefixes.c and resolve.c',
    // link_events.c is within netlink.c, which calls what has no name outside.
    sources: [
      ...['netlink.c', 'netlink-identity.c', 'here.c'].map((file) => `test/fuzz/${file}`),
      ...['native/netlink.c', 'native/link.c', 'native/attach.c'],
    ],
    flags: [
      ...['recvmsg', 'mnl_socket_sendto', 'mnl_socket_close', 'mnl_attr_get_u32', 'mnl_attr_get_str'].map(
        (name) => `-Wl,--wrap=${name}`,
      ),
      ...['-lmnl', '-lbpf', '-pthread'],
    ],
    maxLength: 4096,
    runs: 10_000,
    seeds: netlinkSeeds,
  },
];
