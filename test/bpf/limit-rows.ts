/**
 * What a SYN must not exceed: cases that ms_steer and ms_guard judge alike. Each says which limit the SYN of an instance
 * is over, or none.
 */
import { type Family, INSTANCE, OTHER_INSTANCE } from './frames.ts';
import type { Known, KnownFlow, Setup } from './row.ts';

export type LimitName = 'port_rate' | 'source_rate' | 'source_open' | 'port_open' | 'neighbour_quota';

export interface LimitCase {
  readonly name: string;
  readonly over: LimitName | undefined;
  readonly setup: Setup;
}

/** So slow that a pause of half a second between the setting and the packet decides no row. */
const ONE_PER_SECOND = { perSecond: 1, burst: 4 } as const;

export function limitCases(family: Family): readonly LimitCase[] {
  const itself = (more: Partial<Known>): readonly Known[] => [
    { address: INSTANCE[family], mac: INSTANCE.mac, ...more },
  ];
  const another: Known = { address: OTHER_INSTANCE[family], mac: OTHER_INSTANCE.mac };
  const flows = (count: number): readonly KnownFlow[] =>
    Array.from({ length: count }, (_, index) => ({ address: INSTANCE[family], clientPort: index + 1 }));
  return [
    // A connection takes 1 s; four may be opened at once, and from addresses that may be forged, two.
    { name: 'a full bucket of the address', over: undefined, setup: { sourceRate: ONE_PER_SECOND, known: itself({}) } },
    {
      name: 'the last token of the address',
      over: undefined,
      setup: { sourceRate: ONE_PER_SECOND, known: itself({ busySeconds: 2.9 }) },
    },
    {
      name: 'no token of the address',
      over: 'source_rate',
      setup: { sourceRate: ONE_PER_SECOND, known: itself({ busySeconds: 3.5 }) },
    },
    {
      name: 'no token of a confirmed address',
      over: 'source_rate',
      setup: { sourceRate: ONE_PER_SECOND, known: itself({ busySeconds: 3.5, confirmed: true }) },
    },
    {
      name: 'no token of another address',
      over: undefined,
      setup: { sourceRate: ONE_PER_SECOND, known: [...itself({}), { ...another, busySeconds: 3600 }] },
    },
    {
      name: 'no token of the same address at another port',
      over: undefined,
      setup: {
        sourceRate: ONE_PER_SECOND,
        known: itself({ busySeconds: 3600, at: 'other port' }),
      },
    },
    { name: 'no limit of the address’s rate', over: undefined, setup: { known: itself({ busySeconds: 3600 }) } },
    { name: 'an address that is new', over: undefined, setup: { sourceRate: ONE_PER_SECOND } },
    {
      name: 'a burst of one',
      over: undefined,
      setup: { sourceRate: { perSecond: 1, burst: 1 }, known: itself({}) },
    },
    { name: 'a full bucket of the port', over: undefined, setup: { portRate: ONE_PER_SECOND } },
    {
      name: 'the port’s half for addresses that may be forged',
      over: undefined,
      setup: { portRate: ONE_PER_SECOND, portBusySeconds: 0.9 },
    },
    {
      name: 'more than the port’s half, from a new address',
      over: 'port_rate',
      setup: { portRate: ONE_PER_SECOND, portBusySeconds: 1.5 },
    },
    {
      name: 'more than the port’s half, from an address that was never answered',
      over: 'port_rate',
      setup: { portRate: ONE_PER_SECOND, portBusySeconds: 1.5, known: itself({}) },
    },
    {
      name: 'more than the port’s half, from a confirmed address',
      over: undefined,
      setup: { portRate: ONE_PER_SECOND, portBusySeconds: 1.5, known: itself({ confirmed: true }) },
    },
    {
      name: 'no token of the port, from a confirmed address',
      over: 'port_rate',
      setup: { portRate: ONE_PER_SECOND, portBusySeconds: 3.5, known: itself({ confirmed: true }) },
    },
    {
      name: 'a burst of one at the port',
      over: undefined,
      setup: { portRate: { perSecond: 1, burst: 1 } },
    },
    { name: 'no limit of the port’s rate', over: undefined, setup: { portBusySeconds: 3600 } },
    {
      name: 'the address’s rate is named before the port’s',
      over: 'source_rate',
      setup: {
        sourceRate: ONE_PER_SECOND,
        portRate: ONE_PER_SECOND,
        portBusySeconds: 10,
        known: itself({ busySeconds: 10 }),
      },
    },
    {
      name: 'one connection below what an address may have',
      over: undefined,
      setup: { sourceOpenMax: 3, known: itself({ open: 2 }), flows: flows(2) },
    },
    {
      name: 'as many connections as an address may have',
      over: 'source_open',
      setup: { sourceOpenMax: 3, known: itself({ open: 3 }), flows: flows(3) },
    },
    {
      name: 'as many connections of another address',
      over: undefined,
      setup: { sourceOpenMax: 3, known: [...itself({}), { ...another, open: 3 }] },
    },
    {
      name: 'one connection below the port’s half, from a new address',
      over: undefined,
      setup: { portOpenMax: 8, open: 3 },
    },
    {
      name: 'the port’s half of connections, from a new address',
      over: 'port_open',
      setup: { portOpenMax: 8, open: 4 },
    },
    {
      name: 'the port’s half of connections, from an address that was never answered',
      over: 'port_open',
      setup: { portOpenMax: 8, open: 4, known: itself({}) },
    },
    {
      name: 'one connection below what the port may have, from a confirmed address',
      over: undefined,
      setup: { portOpenMax: 8, open: 7, known: itself({ confirmed: true }) },
    },
    {
      name: 'as many connections as the port may have, from a confirmed address',
      over: 'port_open',
      setup: { portOpenMax: 8, open: 8, known: itself({ confirmed: true }) },
    },
    { name: 'room for one connection', over: undefined, setup: { portOpenMax: 1, open: 0 } },
    {
      name: 'the address’s connections are named before the port’s',
      over: 'source_open',
      setup: { sourceOpenMax: 3, portOpenMax: 3, known: itself({ open: 3 }), flows: flows(3) },
    },
    { name: 'as many neighbours as the port may have', over: 'neighbour_quota', setup: { perPortMax: 2, counted: 2 } },
    {
      name: 'as many neighbours, this one among them',
      over: undefined,
      setup: { perPortMax: 1, known: itself({}) },
    },
  ];
}
