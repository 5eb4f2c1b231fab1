/** Needs CAP_BPF and CAP_NET_ADMIN (root), and gcc. The loaded program against the parser on the host. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FAMILIES, request } from './frames.ts';
import { HostParser } from './host-parser.ts';
import { ProgramBench } from './program-bench.ts';

/** The frame once for each of its bits, with that bit turned over. */
function flips(frame: Buffer): readonly Buffer[] {
  return Array.from({ length: frame.length * 8 }, (_, bit) => {
    const flipped = Buffer.from(frame);
    flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    return flipped;
  });
}

describe('a SYN with any one bit wrong', () => {
  let parser: HostParser;
  let bench: ProgramBench;
  before(async () => {
    parser = new HostParser();
    bench = await ProgramBench.open('in');
  });
  after(async () => {
    await bench.close();
    parser.close();
  });

  for (const family of FAMILIES) {
    test(`ends in the same verdict in the kernel and on the host, over ${family}`, async () => {
      const frames = flips(request(family));
      const expected = parser.classify(frames.map((frame) => ({ frame })));
      for (const [bit, frame] of frames.entries()) {
        const { byte, found } = { byte: bit >>> 3, found: await bench.verdict(frame) };
        assert.equal(found, expected[bit]?.verdict, `bit ${bit & 7} of byte ${byte}`);
      }
    });
  }
});
