/** The sections of the configuration file that limit clients: `guard` and `metadata_rate_limiting`. */
import * as z from 'zod';
import { MS_RATE_LIMIT_MAX } from '../kernel/layout.gen.ts';
import { choice, duration, flag, oneOrBoth, whole } from './values.ts';

/** Limits of connections, in the BPF programs. */
export const guardSection = z.strictObject({
  source_rate: rate(100, 'New connections of one address at a port, per second.'),
  source_burst: burst(512, 'New connections of one address at a port at once.'),
  source_connections: connections(512, 'Open connections of one address at a port.'),
  port_rate: rate(2000, 'New connections of all addresses at a port, per second.'),
  port_burst: burst(
    16384,
    'New connections of all addresses at a port at once; half of it is for addresses that were answered before.',
  ),
  port_connections: connections(
    8192,
    'Open connections of all addresses at a port; half of them are for addresses that were answered before.',
  ),
  xdp: choice({
    of: ['off', 'auto', 'always'],
    default: 'off',
    meaning:
      'Drop what is over a limit before the kernel has made a buffer of it: never, at ports under flood, or at all ports.',
  }),
  xdp_mode: choice({
    of: ['auto', 'generic', 'native'],
    default: 'auto',
    meaning:
      'Where the XDP program runs: by the kind of interface, on finished buffers, or in the driver. Native on veth slows bystanders down.',
  }),
  xdp_on: whole({
    from: 1,
    to: 10_000_000,
    default: 5000,
    meaning: 'Packets per second dropped at a port for a limit, two seconds in a row, from which `auto` attaches.',
  }),
  xdp_calm: duration({
    from: '1s',
    to: '1h',
    default: '30s',
    meaning: 'How long less than a quarter of `xdp_on` must be dropped for `auto` to take it off again.',
  }),
});

/** Limits of requests, in the workers. The names and defaults of Neutron's options of this group (contract.md 1.3). */
export const rateLimitingSection = z.strictObject({
  rate_limit_enabled: flag(false, 'Whether requests over a limit are refused with 429.'),
  ip_versions: oneOrBoth({
    of: [4, 6],
    default: [4],
    meaning: 'IP versions whose clients are limited; other than in Neutron, both may be.',
  }),
  base_window_duration: seconds(10, 'Length of the long window.'),
  base_query_rate_limit: requests(10, 'Requests of one client in the long window.'),
  burst_window_duration: seconds(10, 'Length of the short window.'),
  burst_query_rate_limit: requests(10, 'Requests of one client in the short window.'),
  count_refused: flag(
    false,
    'Whether refused requests count too, as in Neutron, so that a client that goes on asking never recovers.',
  ),
});

function rate(perSecond: number, meaning: string) {
  return whole({ from: 0, to: 1_000_000, default: perSecond, meaning: `${meaning} 0: no limit.` });
}

function burst(count: number, meaning: string) {
  return whole({ from: 1, to: 1_000_000, default: count, meaning });
}

function connections(count: number, meaning: string) {
  return whole({ from: 1, to: 1_000_000, default: count, meaning });
}

function requests(count: number, meaning: string) {
  return whole({ from: 1, to: MS_RATE_LIMIT_MAX, default: count, meaning });
}

function seconds(count: number, meaning: string) {
  return duration({ from: '1s', to: '1h', default: count, meaning });
}
