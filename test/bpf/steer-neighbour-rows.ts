/** Rows of ms_steer: what is remembered about senders, its limits, and the dead-man switch (design D4). */
import { ACK, SYN } from '../../bench/packet-builder.ts';
import { DEVICE, FAMILIES, type Family, INSTANCE, OTHER_INSTANCE, request } from './frames.ts';
import { dropped, type Known, passed, type Row, steered } from './row.ts';

/** Later than any clock of a test: a time that a program has no reason to write over. */
const LATER = 2n ** 62n;

function learning(family: Family): readonly Row[] {
  const syn = request(family);
  const data = request(family, { tcp: { flags: ACK } });
  const itself: Known = { address: INSTANCE[family], mac: INSTANCE.mac };
  // Of IPv6 link-local addresses the programs know what the daemon wrote down.
  const answer = { mac: INSTANCE.mac };
  const another: Known = { address: INSTANCE[family], mac: OTHER_INSTANCE.mac, answer };
  return [
    steered({ name: 'a SYN makes its sender known', frame: syn, verdict: 'steer_syn' }),
    passed({
      name: 'data of nobody who is known, on no connection, makes nobody known',
      frame: data,
      verdict: 'pass_no_flow',
    }),
    steered({
      name: 'a SYN refreshes a neighbour not seen for a second',
      frame: syn,
      verdict: 'steer_syn',
      setup: { known: [itself] },
      after: { seen: 'now' },
    }),
    steered({
      name: 'data refreshes a neighbour not seen for a second',
      frame: data,
      verdict: 'steer_data',
      setup: { known: [itself] },
      after: { seen: 'now' },
    }),
    steered({
      name: 'a SYN does not write to a neighbour that another CPU saw later',
      frame: syn,
      verdict: 'steer_syn',
      setup: { known: [{ ...itself, seenNs: LATER }] },
      after: { seen: 'as before' },
    }),
    steered({
      name: 'data does not write to a neighbour that another CPU saw later',
      frame: data,
      verdict: 'steer_data',
      setup: { known: [{ ...itself, seenNs: LATER }] },
      after: { seen: 'as before' },
    }),
    steered({
      name: 'a SYN moves the address to its MAC, at once',
      frame: syn,
      verdict: 'steer_syn_moved',
      setup: { known: [{ ...another, seenNs: LATER }] },
      after: { seen: 'now' },
    }),
    passed({
      name: 'data does not move an address',
      frame: data,
      verdict: 'pass_no_flow',
      setup: { known: [another] },
    }),
    passed({
      name: 'a SYN with ACK does not move an address',
      frame: request(family, { tcp: { flags: SYN | ACK } }),
      verdict: 'pass_no_flow',
      setup: { known: [another] },
    }),
    ...[0, 1, 2, 3, 4, 5].map((index) =>
      steered({
        name: `an address whose MAC differs in byte ${index} alone has moved`,
        frame: syn,
        verdict: 'steer_syn_moved',
        setup: { known: [{ ...itself, mac: withByte(INSTANCE.mac, index, '42'), answer }] },
      }),
    ),
    steered({
      name: 'the same address at another port is another neighbour',
      frame: syn,
      verdict: 'steer_syn',
      setup: { known: [{ ...another, at: 'other port' }] },
    }),
    steered({
      name: 'another address of the same instance is another neighbour',
      frame: syn,
      verdict: 'steer_syn',
      setup: { known: [{ address: OTHER_INSTANCE[family], mac: INSTANCE.mac }] },
    }),
  ];
}

function withByte(mac: string, index: number, byte: string): string {
  return mac
    .split(':')
    .map((own, at) => (at === index ? byte : own))
    .join(':');
}

function limits(family: Family): readonly Row[] {
  const syn = request(family);
  const data = request(family, { tcp: { flags: ACK } });
  const itself: Known = { address: INSTANCE[family], mac: INSTANCE.mac };
  const moved: Known = { address: INSTANCE[family], mac: OTHER_INSTANCE.mac, answer: { mac: INSTANCE.mac } };
  const elsewhere: Known = { ...moved, at: 'other port' };
  const quotaReached = { perPortMax: 3, counted: 3, countedConfirmed: 3 };
  return [
    steered({
      name: 'one below the quota is let in',
      frame: syn,
      verdict: 'steer_syn',
      setup: { perPortMax: 3, counted: 2, countedConfirmed: 2 },
    }),
    dropped({
      name: 'a SYN over the quota is dropped',
      frame: syn,
      verdict: 'drop_neighbour_quota',
      setup: quotaReached,
    }),
    steered({
      name: 'one below the half of the quota that is for addresses which may be forged is let in',
      frame: syn,
      verdict: 'steer_syn',
      setup: { perPortMax: 8, counted: 7, countedConfirmed: 4 },
    }),
    dropped({
      name: 'over that half a SYN is dropped',
      frame: syn,
      verdict: 'drop_neighbour_quota',
      setup: { perPortMax: 8, counted: 7, countedConfirmed: 3 },
    }),
    steered({
      name: 'one may always come',
      frame: syn,
      verdict: 'steer_syn',
      setup: { perPortMax: 1 },
    }),
    passed({
      name: 'data of nobody who is known is passed when the quota is reached',
      frame: data,
      verdict: 'pass_no_flow',
      setup: quotaReached,
    }),
    dropped({
      name: 'a quota lowered below what is counted lets nobody in',
      frame: syn,
      verdict: 'drop_neighbour_quota',
      setup: { perPortMax: 2, counted: 3, countedConfirmed: 3 },
    }),
    dropped({
      name: 'a quota of zero lets nobody in',
      frame: syn,
      verdict: 'drop_neighbour_quota',
      setup: { perPortMax: 0 },
    }),
    steered({
      name: 'a known neighbour is steered when the quota is reached',
      frame: syn,
      verdict: 'steer_syn',
      setup: { ...quotaReached, known: [itself] },
    }),
    steered({
      name: 'a known address may move when the quota is reached',
      frame: syn,
      verdict: 'steer_syn_moved',
      setup: { ...quotaReached, known: [moved] },
    }),
    dropped({
      name: 'a SYN of a new address is dropped when the table of the node is full',
      frame: syn,
      verdict: 'drop_neighbour_full',
      setup: { tableOfOne: true, known: [elsewhere] },
    }),
    passed({
      name: 'data of a new address is passed when the table of the node is full',
      frame: data,
      verdict: 'pass_no_flow',
      setup: { tableOfOne: true, known: [elsewhere] },
    }),
    steered({
      name: 'a known neighbour is steered when the table of the node is full',
      frame: data,
      verdict: 'steer_data',
      setup: { tableOfOne: true, known: [itself] },
    }),
    steered({
      name: 'a known address may move when the table of the node is full',
      frame: syn,
      verdict: 'steer_syn_moved',
      setup: { tableOfOne: true, known: [moved] },
    }),
    dropped({
      name: 'the quota of the port is named before the table of the node',
      frame: syn,
      verdict: 'drop_neighbour_quota',
      setup: { ...quotaReached, tableOfOne: true, known: [elsewhere] },
    }),
  ];
}

function deadManSwitch(family: Family): readonly Row[] {
  const syn = request(family);
  const data = request(family, { tcp: { flags: ACK } });
  const known: readonly Known[] = [{ address: INSTANCE[family], mac: OTHER_INSTANCE.mac }];
  const stale = 'pass_daemon_stale';
  return [
    passed({
      name: 'a SYN is passed when the heartbeat is stale',
      frame: syn,
      verdict: stale,
      setup: { heartbeat: 'stale' },
    }),
    passed({
      name: 'data is passed when the heartbeat is stale',
      frame: data,
      verdict: stale,
      setup: { heartbeat: 'stale' },
    }),
    passed({
      name: 'a SYN is passed before the first heartbeat',
      frame: syn,
      verdict: stale,
      setup: { heartbeat: 'never' },
    }),
    passed({
      name: 'a stale daemon learns no move of an address',
      frame: syn,
      verdict: stale,
      setup: { heartbeat: 'stale', known },
    }),
    passed({
      name: 'a stale daemon drops nobody for a quota',
      frame: syn,
      verdict: stale,
      setup: { heartbeat: 'stale', perPortMax: 0 },
    }),
    passed({
      name: 'a SYN is passed when the daemon has ended, however fresh its heartbeat',
      frame: syn,
      verdict: 'pass_daemon_gone',
      setup: { daemon: 'gone' },
    }),
    passed({
      name: 'data is passed when the daemon has ended',
      frame: data,
      verdict: 'pass_daemon_gone',
      setup: { daemon: 'gone' },
    }),
    passed({
      name: 'the packets of others do not depend on a daemon',
      frame: request(family, { tcp: { to: 443 } }),
      verdict: 'pass_other_port',
      setup: { daemon: 'gone' },
    }),
    dropped({
      name: 'a frame to the port device is dropped when the daemon has ended',
      frame: request(family, { ethernet: { to: DEVICE.mac } }),
      verdict: 'drop_device_mac',
      setup: { daemon: 'gone' },
    }),
    steered({
      name: 'a heartbeat written after the clock was read is not stale',
      frame: syn,
      verdict: 'steer_syn',
      setup: { heartbeat: 'later than now' },
    }),
    passed({
      name: 'the heartbeat does not matter to the packets of others',
      frame: request(family, { tcp: { to: 443 } }),
      verdict: 'pass_other_port',
      setup: { heartbeat: 'stale' },
    }),
    dropped({
      name: 'a frame to the port device is dropped when the heartbeat is stale too',
      frame: request(family, { ethernet: { to: DEVICE.mac } }),
      verdict: 'drop_device_mac',
      setup: { heartbeat: 'stale' },
    }),
  ];
}

export const STEER_NEIGHBOUR_ROWS: readonly Row[] = FAMILIES.flatMap((family) =>
  [...learning(family), ...limits(family), ...deadManSwitch(family)].map((row) => ({
    ...row,
    name: `${family}: ${row.name}`,
  })),
);
