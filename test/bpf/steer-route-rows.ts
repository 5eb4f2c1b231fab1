/**
 * Rows of ms_steer: a sender is whom the router's tables know by its address, or is not steered (design D14). The tables are
 * those of router-namespace.ts.
 */
import { ACK, PSH, SYN } from '../../bench/packet-builder.ts';
import {
  CLIENT_PORT,
  FAMILIES,
  type Family,
  INSTANCE,
  type Mutations,
  OTHER_INSTANCE,
  portKey,
  ROUTER,
  request,
} from './frames.ts';
import { SECOND } from './router-namespace.ts';
import { dropped, handedOver, type Known, type KnownFlow, passed, type Row, type Setup, steered } from './row.ts';

type ByFamily = Readonly<Record<Family, string>>;

/** The router knows the instance's MAC for it. */
const KNOWN: ByFamily = { ipv4: '10.0.0.5', ipv6: '2001:db8::5' };
/** On the link, but the router knows no MAC for it. */
const QUIET: ByFamily = { ipv4: '10.0.0.7', ipv6: '2001:db8::7' };
/** On the link of the router's second interface. */
const THERE: ByFamily = { ipv4: '10.0.1.5', ipv6: '2001:db8:1::5' };
const QUIET_THERE: ByFamily = { ipv4: '10.0.1.7', ipv6: '2001:db8:1::7' };
const NOWHERE: ByFamily = { ipv4: '8.8.8.8', ipv6: '2001:4860::8888' };
const LINK_LOCAL = 'fe80::f816:3eff:fe00:a';

const FORGER = OTHER_INSTANCE.mac;

function from(family: Family, address: ByFamily, { mac = INSTANCE.mac, flags = SYN, payload = '' } = {}): Buffer {
  const mutations: Mutations = { ethernet: { from: mac }, ip: { from: address[family] }, tcp: { flags } };
  return request(family, { ...mutations, payload });
}

function known(family: Family, address: ByFamily, more: Partial<Known> = {}): Known {
  return { address: address[family], mac: INSTANCE.mac, ...more };
}

function flow(family: Family, address: ByFamily, more: Partial<KnownFlow> = {}): KnownFlow {
  return { address: address[family], clientPort: portKey(CLIENT_PORT), ...more };
}

/** By the routes and neighbours of a router that forwards. */
function routed(family: Family): readonly Row[] {
  const syn = from(family, KNOWN);
  const forged = from(family, KNOWN, { mac: FORGER });
  const quiet = from(family, QUIET);
  return [
    steered({
      name: 'whom the router knows is approved of',
      frame: syn,
      verdict: 'steer_syn',
      after: { approved: true },
    }),
    passed({
      name: 'a neighbour’s address from another MAC is passed',
      frame: forged,
      verdict: 'pass_other_neighbour',
    }),
    passed({
      name: 'it is passed too where the address is known already, and takes nothing of it',
      frame: forged,
      verdict: 'pass_other_neighbour',
      setup: { known: [known(family, KNOWN)], sourceRate: { perSecond: 1, burst: 1 } },
    }),
    steered({
      name: 'a MAC that was approved of a moment ago is asked for nothing',
      frame: forged,
      verdict: 'steer_syn',
      setup: { known: [known(family, KNOWN, { mac: FORGER, checked: 'now' })] },
    }),
    passed({
      name: 'one that was approved of long ago is asked for again',
      frame: forged,
      verdict: 'pass_other_neighbour',
      setup: { known: [known(family, KNOWN, { mac: FORGER })] },
    }),
    steered({
      name: 'an address that the router knows by another MAC than before has moved, and begins with nothing spent',
      frame: syn,
      verdict: 'steer_syn_moved',
      setup: {
        known: [known(family, KNOWN, { mac: FORGER, busySeconds: 3600, open: 3, confirmed: true })],
        sourceRate: { perSecond: 1, burst: 1 },
        sourceOpenMax: 1,
      },
      after: { approved: true, confirmed: false },
    }),
    steered({
      name: 'whom the router does not know yet may connect, and has to wait with its data',
      frame: quiet,
      verdict: 'steer_syn',
      after: { flow: ['unresolved'], approved: false },
    }),
    steered({
      name: 'also with its second connection',
      frame: quiet,
      verdict: 'steer_syn',
      setup: { known: [known(family, QUIET, { checked: 'never' })] },
      after: { flow: ['unresolved'], approved: false },
    }),
    steered({
      name: 'whom the router knew goes on when the router has forgotten it',
      frame: quiet,
      verdict: 'steer_syn',
      setup: { known: [known(family, QUIET)] },
      after: { flow: [], approved: false },
    }),
    dropped({
      name: 'another MAC than that has to wait for the router',
      frame: from(family, QUIET, { mac: FORGER }),
      verdict: 'drop_unresolved',
      setup: { known: [known(family, QUIET)] },
    }),
    dropped({
      name: 'whom the router does not know yet has no connection that is not counted',
      frame: quiet,
      verdict: 'drop_port_open',
      setup: {
        tableOfOne: true,
        flows: [flow(family, QUIET, { at: 'other port' })],
        known: [known(family, QUIET, { checked: 'never', seenNs: 2n ** 62n })],
      },
    }),
    ...[
      NOWHERE,
      { ipv4: ROUTER.ipv4.replace(/.$/, '1'), ipv6: '2001:db8::1' },
      { ipv4: '203.0.113.5', ipv6: '2001:db8:f::5' },
    ].map((address) =>
      passed({
        name: `the source ${address[family]}, to which the router has no way by this interface, is passed`,
        frame: from(family, address),
        verdict: 'pass_other_network',
      }),
    ),
    passed({
      name: 'that it is known changes nothing',
      frame: from(family, NOWHERE),
      verdict: 'pass_other_network',
      setup: { known: [known(family, NOWHERE)] },
    }),
    passed({
      name: 'draining is named before the router is asked',
      frame: forged,
      verdict: 'pass_draining',
      setup: { draining: 'pass' },
    }),
  ];
}

/** Data of connections that wait for the router. */
function waiting(family: Family): readonly Row[] {
  const data = (address: ByFamily, mac?: string) =>
    from(family, address, { flags: PSH | ACK, payload: 'GET', ...(mac === undefined ? {} : { mac }) });
  const setup = (address: ByFamily, mac = INSTANCE.mac): Setup => ({
    known: [known(family, address, { mac, checked: 'never', open: 1 })],
    flows: [flow(family, address, { mac, flags: ['accepted', 'unresolved'] })],
  });
  return [
    dropped({
      name: 'data waits while the router knows no MAC',
      frame: data(QUIET),
      verdict: 'drop_unresolved',
      setup: setup(QUIET),
      after: { clientNext: 1000 },
    }),
    steered({
      name: 'data goes on once the router knows it, and says so for what comes',
      frame: data(KNOWN),
      verdict: 'steer_data',
      setup: setup(KNOWN),
      after: { flow: ['accepted', 'established'], confirmed: true, clientNext: 1003 },
    }),
    passed({
      name: 'data is passed once the router knows another MAC',
      frame: data(KNOWN, FORGER),
      verdict: 'pass_other_neighbour',
      setup: setup(KNOWN, FORGER),
    }),
    passed({
      name: 'data is passed once the router has no way there any more',
      frame: data(NOWHERE),
      verdict: 'pass_other_network',
      setup: setup(NOWHERE),
    }),
  ];
}

/** An instance that asks through one interface with the address of another. */
function twoInterfaces(family: Family): readonly Row[] {
  const second = { second: 'steered' } as const;
  const leavesWith = { to: SECOND.routerMac, from: SECOND.instanceMac };
  const data = from(family, THERE, { flags: PSH | ACK, payload: 'GET' });
  const mine = from(family, KNOWN);
  const marked = { handedOver: true } as const;
  return [
    handedOver({
      name: 'an address of another network goes to the interface that owns it, as from the MAC the router knows',
      frame: from(family, THERE),
      verdict: 'steer_handed_over',
      leavesWith,
      setup: second,
    }),
    passed({
      name: 'it is passed where that interface is not steered',
      frame: from(family, THERE),
      verdict: 'pass_other_network',
    }),
    passed({
      name: 'what was handed over is not handed over again',
      frame: from(family, THERE),
      verdict: 'pass_other_network',
      setup: { ...second, ...marked },
    }),
    dropped({
      name: 'it waits where the router does not know it there',
      frame: from(family, QUIET_THERE),
      verdict: 'drop_unresolved',
      setup: second,
    }),
    handedOver({
      name: 'data goes the same way when it belongs to a connection there',
      frame: data,
      verdict: 'steer_handed_over',
      leavesWith,
      setup: { ...second, flows: [flow(family, THERE, { at: 'other port' })] },
    }),
    handedOver({
      name: 'also while the port takes over',
      frame: data,
      verdict: 'steer_handed_over',
      leavesWith,
      setup: { ...second, takingOver: 'port', flows: [flow(family, THERE, { at: 'other port' })] },
    }),
    passed({ name: 'data of no connection there is passed', frame: data, verdict: 'pass_no_flow', setup: second }),
    steered({
      name: 'a SYN that is handed over is steered, and makes nobody known',
      frame: mine,
      verdict: 'steer_syn',
      setup: marked,
      after: { flow: ['handed_over'], flowMac: INSTANCE.mac },
    }),
    steered({
      name: 'it takes nothing of what its address may have',
      frame: mine,
      verdict: 'steer_syn',
      setup: { ...marked, known: [known(family, KNOWN, { busySeconds: 3600, open: 9 })], sourceOpenMax: 9 },
      after: { flow: ['handed_over'], seen: 'as before' },
    }),
    steered({
      name: 'a SYN that is handed over again opens nothing more',
      frame: mine,
      verdict: 'steer_syn_again',
      setup: { ...marked, flows: [flow(family, KNOWN, { flags: ['handed_over'] })], handedOpen: 1 },
    }),
    dropped({
      name: 'all that is handed over is held to the rate of one address',
      frame: mine,
      verdict: 'drop_source_rate',
      setup: { ...marked, sourceRate: { perSecond: 1, burst: 4 }, handedBusySeconds: 3.5 },
    }),
    dropped({
      name: 'and to as many connections as one may have',
      frame: mine,
      verdict: 'drop_source_open',
      setup: { ...marked, sourceOpenMax: 3, handedOpen: 3 },
    }),
    dropped({
      name: 'and to the port’s half of connections',
      frame: mine,
      verdict: 'drop_port_open',
      setup: { ...marked, portOpenMax: 8, open: 4 },
    }),
    dropped({
      name: 'and has no connection that is not counted',
      frame: mine,
      verdict: 'drop_port_open',
      setup: { ...marked, tableOfOne: true, flows: [flow(family, KNOWN, { at: 'other port' })] },
    }),
    passed({
      name: 'a SYN that is handed over from another MAC than the router knows is passed',
      frame: from(family, KNOWN, { mac: FORGER }),
      verdict: 'pass_other_neighbour',
      setup: marked,
    }),
    dropped({
      name: 'a SYN that is handed over to where the router does not know it waits',
      frame: from(family, QUIET),
      verdict: 'drop_unresolved',
      setup: marked,
    }),
    steered({
      name: 'data that is handed over is steered',
      frame: from(family, KNOWN, { flags: ACK }),
      verdict: 'steer_data',
      setup: { ...marked, flows: [flow(family, KNOWN, { flags: ['handed_over'] })], handedOpen: 1 },
    }),
    passed({
      name: 'nobody sees the mark when the daemon does not answer',
      frame: mine,
      verdict: 'pass_daemon_stale',
      setup: { ...marked, heartbeat: 'stale' },
    }),
    passed({
      name: 'nobody sees the mark when the daemon has ended',
      frame: mine,
      verdict: 'pass_daemon_gone',
      setup: { ...marked, daemon: 'gone' },
    }),
  ];
}

/** Where the namespace does not forward: by the interface's prefixes, and by what the daemon wrote down. */
function isolated(family: Family): readonly Row[] {
  const here = { arrives: 'isolated', prefixes: [family === 'ipv4' ? '10.0.0.2/24' : '2001:db8::2/64'] } as const;
  const syn = from(family, KNOWN);
  const forged = from(family, KNOWN, { mac: FORGER });
  const answered = (answer: Known['answer'], more: Partial<Known> = {}) => [
    known(family, KNOWN, { ...(answer === undefined ? {} : { answer }), ...more }),
  ];
  const narrow = family === 'ipv4' ? '10.0.0.9/29' : '2001:db8::9/125';
  const wide = family === 'ipv4' ? '10.0.0.2/29' : '2001:db8::2/125';
  return [
    passed({
      name: 'without a prefix nobody is on the link',
      frame: syn,
      verdict: 'pass_other_network',
      setup: { arrives: 'isolated' },
    }),
    steered({
      name: 'who is on the link may connect, and has to wait with its data',
      frame: syn,
      verdict: 'steer_syn',
      setup: here,
      after: { flow: ['unresolved'], approved: false },
    }),
    passed({
      name: 'an address one prefix further is passed',
      frame: syn,
      verdict: 'pass_other_network',
      setup: { ...here, prefixes: [narrow] },
    }),
    steered({
      name: 'an address of a prefix that is no whole number of bytes may connect',
      frame: syn,
      verdict: 'steer_syn',
      setup: { ...here, prefixes: [wide, narrow] },
      after: { flow: ['unresolved'] },
    }),
    passed({
      name: 'an address of another network of the node is passed',
      frame: from(family, THERE),
      verdict: 'pass_other_network',
      setup: here,
    }),
    steered({
      name: 'whom the neighbour table has by this MAC is approved of',
      frame: syn,
      verdict: 'steer_syn',
      setup: { ...here, known: answered({ mac: INSTANCE.mac }, { checked: 'never' }) },
      after: { flow: [], approved: true },
    }),
    passed({
      name: 'whom it has by another MAC is passed',
      frame: forged,
      verdict: 'pass_other_neighbour',
      setup: { ...here, known: answered({ mac: INSTANCE.mac }) },
    }),
    steered({
      name: 'whom it has not, though it was asked, has to wait with its data',
      frame: syn,
      verdict: 'steer_syn',
      setup: { ...here, known: answered({}, { checked: 'never' }) },
      after: { flow: ['unresolved'] },
    }),
    dropped({
      name: 'what it said long ago says nothing of another MAC',
      frame: syn,
      verdict: 'drop_unresolved',
      setup: { ...here, known: answered({ mac: INSTANCE.mac, when: 'long ago' }, { mac: FORGER }) },
    }),
    steered({
      name: 'an address that it has by another MAC than before has moved',
      frame: syn,
      verdict: 'steer_syn_moved',
      setup: { ...here, known: answered({ mac: INSTANCE.mac }, { mac: FORGER }) },
      after: { approved: true },
    }),
    steered({
      name: 'data goes on once it is known there',
      frame: from(family, KNOWN, { flags: PSH | ACK }),
      verdict: 'steer_data',
      setup: {
        ...here,
        known: answered({ mac: INSTANCE.mac }, { checked: 'never', open: 1 }),
        flows: [flow(family, KNOWN, { flags: ['accepted', 'unresolved'] })],
      },
      after: { flow: ['accepted', 'established'] },
    }),
    dropped({
      name: 'data waits until then',
      frame: from(family, KNOWN, { flags: PSH | ACK }),
      verdict: 'drop_unresolved',
      setup: {
        ...here,
        known: answered(undefined, { checked: 'never', open: 1 }),
        flows: [flow(family, KNOWN, { flags: ['accepted', 'unresolved'] })],
      },
    }),
  ];
}

/** Link-local addresses are on every link, and are known by the MAC of their frames: they wait for nothing. */
const LINK_LOCAL_ROWS: readonly Row[] = (['router', 'isolated'] as const).flatMap((where) => {
  const address = { ipv4: '', ipv6: LINK_LOCAL };
  const at: Setup = where === 'isolated' ? { arrives: 'isolated' } : {};
  const of = (more: Partial<Known>) => ({ ...at, known: [known('ipv6', address, more)] });
  return [
    steered({
      name: `link-local at the ${where}: one that is new is steered, and waits for nothing`,
      frame: from('ipv6', address),
      verdict: 'steer_syn',
      setup: at,
      after: { flow: [], approved: false },
    }),
    passed({
      name: `link-local at the ${where}: another MAC than the neighbour table has is passed`,
      frame: from('ipv6', address, { mac: FORGER }),
      verdict: 'pass_other_neighbour',
      setup: of({ answer: { mac: INSTANCE.mac } }),
    }),
    dropped({
      name: `link-local at the ${where}: another MAC than before waits until the neighbour table is asked`,
      frame: from('ipv6', address, { mac: FORGER }),
      verdict: 'drop_unresolved',
      setup: of({}),
    }),
  ];
});

const EXTRA_ROUTE_ROWS: readonly Row[] = [
  steered({
    name: 'ipv4: an address behind an instance, by an extra route, is steered from that instance’s MAC',
    frame: request('ipv4', { ip: { from: '172.16.0.9' } }),
    verdict: 'steer_syn',
    after: { approved: true },
  }),
  passed({
    name: 'ipv4: it is passed from another MAC',
    frame: request('ipv4', { ip: { from: '172.16.0.9' }, ethernet: { from: FORGER } }),
    verdict: 'pass_other_neighbour',
  }),
  passed({
    name: 'ipv4: an address by a route through an interface that is not steered is passed',
    frame: request('ipv4', { ip: { from: '198.51.100.5' } }),
    verdict: 'pass_other_network',
    setup: { second: 'steered' },
  }),
];

export const STEER_ROUTE_ROWS: readonly Row[] = [
  ...FAMILIES.flatMap((family) =>
    [...routed(family), ...waiting(family), ...twoInterfaces(family), ...isolated(family)].map((row) => ({
      ...row,
      name: `${family}: ${row.name}`,
    })),
  ),
  ...LINK_LOCAL_ROWS,
  ...EXTRA_ROUTE_ROWS,
];
