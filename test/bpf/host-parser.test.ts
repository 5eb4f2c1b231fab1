/** bpf/packet.h on this machine, under sanitisers: the same verdicts as in the tables. Needs gcc, no privileges. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACK } from '../../bench/packet-builder.ts';
import { VERDICT_NAMES, type VerdictName } from '../../src/kernel/layout.gen.ts';
import { addressKey, FAMILIES, HEADER_BYTES, lengths, request } from './frames.ts';
import { HostParser, type HostVerdict } from './host-parser.ts';
import { STEER_ROWS } from './steer-rows.ts';

/** What is made of a packet that is ours after the parser, from the maps or because there is no daemon. */
const LATER_VERDICTS: ReadonlySet<VerdictName> = new Set(
  VERDICT_NAMES.filter((name) => {
    if (/^steer_(syn_|handed)|^pass_(daemon|draining|no_flow|other_(flow|network|neighbour))/.test(name)) return true;
    return name.startsWith('drop_') && name !== 'drop_device_mac';
  }),
);
const OURS: readonly VerdictName[] = ['steer_syn', 'steer_data'];

describe('the parser on the host:', () => {
  let parser: HostParser;
  let verdicts: readonly HostVerdict[];
  before(() => {
    parser = new HostParser();
    verdicts = parser.classify(STEER_ROWS);
  });
  after(() => parser.close());

  for (const [index, { name, frame, verdict }] of STEER_ROWS.entries()) {
    test(name, () => {
      const found = verdicts[index];
      assert.ok(found);
      if (LATER_VERDICTS.has(verdict)) assert.ok(OURS.includes(found.verdict), found.verdict);
      else assert.equal(found.verdict, verdict);
      if (!OURS.includes(found.verdict)) return;
      assert.deepEqual(found.client, {
        address: addressKey(frame, 'source')?.toString('hex'),
        mac: frame.toString('hex', 6, 12),
      });
    });
  }

  for (const family of FAMILIES) {
    test(`${family}: headers outside the linear part end in a verdict that has them pulled in`, () => {
      const frame = request(family, { tcp: { flags: ACK }, payload: 'x'.repeat(100) });
      const cuts = lengths(0, frame.length).map((linear) => ({ frame, linear }));
      for (const [linear, { verdict }] of parser.classify(cuts).entries()) {
        if (linear >= HEADER_BYTES[family]) assert.equal(verdict, 'steer_data');
        else assert.ok(['pass_short_frame', 'pass_bad_tcp_header'].includes(verdict), `${linear}: ${verdict}`);
      }
    });
  }
});
