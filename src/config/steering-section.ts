/** The section `steering` of the configuration file: what the BPF programs do, and for how much there is room. */
import * as z from 'zod';
import { MS_PORTS_MAX } from '../kernel/layout.gen.ts';
import { choice, duration, whole } from './values.ts';

export const steeringSection = z.strictObject({
  attach: choice({
    of: ['auto', 'tcx', 'clsact'],
    default: 'auto',
    meaning:
      'How programs are attached: tcx links (kernel 6.6 and newer), filters of the clsact queueing discipline, or links where the kernel has them and no more than 200 interfaces come at once.',
  }),
  ports_max: whole({
    from: 1,
    to: MS_PORTS_MAX,
    default: 1024,
    meaning: 'Router interfaces that can be steered at once.',
  }),
  neighbours_max: whole({
    from: 1,
    to: 1048576,
    default: 131072,
    meaning: 'Client addresses remembered, over all ports.',
  }),
  neighbours_per_port_max: whole({
    from: 1,
    to: 1048576,
    default: 16384,
    meaning:
      'Client addresses remembered for one port; half of it is for those that completed a handshake. The longest unseen makes room.',
  }),
  neighbour_idle: duration({
    from: '1m',
    to: '24h',
    default: '1h',
    meaning: 'Silence after which a client address is forgotten; one that was never answered, after 10 s.',
  }),
  flows_max: whole({
    from: 1,
    to: 1048576,
    default: 32768,
    meaning: 'Connections counted at once, over all ports; those beyond are served without being counted.',
  }),
  stale_after: duration({
    from: '100ms',
    to: '1m',
    default: '2s',
    meaning: 'How long the programs go on steering without a sign of life from the daemon.',
  }),
  take_over: duration({
    from: '0s',
    to: '10m',
    default: '32s',
    meaning:
      'How long connections that were open before a port was steered are left to whoever has them: the longest keep-alive of a haproxy beside.',
  }),
  drain: duration({
    from: '0s',
    to: '1m',
    default: '3s',
    meaning: 'How long requests in progress may take to finish when the daemon stops.',
  }),
  on_exit: choice({
    of: ['release', 'hold'],
    default: 'release',
    meaning:
      'When the daemon ends: packets pass to whoever served before, or are held back until it is started again (clsact alone).',
  }),
});
