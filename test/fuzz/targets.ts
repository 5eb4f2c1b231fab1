/** Every C that reads what others write, as a target for a fuzzer. `npm run fuzz` and the tests run all of them. */
import { packetSeeds } from './packet-seeds.ts';
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
];
