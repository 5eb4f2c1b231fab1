/**
 * Every key of the configuration file with its default, its bounds and its meaning. docs/configuration.md has the same
 * table (a test holds the two equal); `config.ts` gives the values the names and units the rest of the program uses.
 */
import * as z from 'zod';
import { fileKeys } from './file-keys.ts';
import { guardSection, rateLimitingSection } from './limit-sections.ts';
import { logSection } from './log-section.ts';
import { metricsKeys } from './metrics-keys.ts';
import { namespacePattern, ownerList, pathList, patternList, portList } from './name-values.ts';
import { absolutePath, filePath, socketPath } from './paths.ts';
import { steeringSection } from './steering-section.ts';
import { choice, duration, flag, optionalText, requiredText, size, text, whole, wholeOrAuto } from './values.ts';

/** Shorter than a socket's path by what the daemon puts into its directory. */
const RUN_DIR_MAX = 80;

/** Namespaces that Neutron makes: ours under such a name would be taken for one of them, and removed. */
const NEUTRON_NAMESPACE = /^(qrouter|qdhcp|snat|fip|ovnmeta)-/i;
const NAMESPACE = /^[a-z0-9_][a-z0-9_.-]{0,63}$/i;
const USER = /^[a-z_][a-z0-9_.-]{0,30}\$?$/i;

const topKeys = {
  run_dir: text({
    accepts: absolutePath(RUN_DIR_MAX),
    expects: `an absolute path of at most ${RUN_DIR_MAX} bytes`,
    default: '/run/metasteer',
    meaning: 'Directory of the lock and the sockets; made when it is missing.',
  }),
  namespace: text({
    accepts: (name) => NAMESPACE.test(name) && !NEUTRON_NAMESPACE.test(name),
    expects: 'a name of at most 64 letters, digits, `_`, `.`, `-` that is not like one of Neutron’s (`qrouter-`, …)',
    default: 'metasteer',
    meaning: 'Network namespace that holds the port devices and the workers.',
  }),
  netns_dir: text({
    ...filePath,
    default: '/run/netns',
    meaning: 'Where named network namespaces are found.',
  }),
  neutron_files: pathList({
    meaning:
      'Files of Neutron whose options hold where this file says nothing: `neutron.conf`, `metadata_agent.ini`, `l3_agent.ini`. Later ones win.',
  }),
  ports: portList({ meaning: 'Interfaces to steer beside those that are found, for systems other than Neutron.' }),
  workers: wholeOrAuto({
    from: 1,
    to: 64,
    default: 1,
    meaning: 'Processes that serve requests; `auto` is one for every two processors, at most four.',
  }),
};

/** The sections of the file; a key outside every section is in `topKeys`. */
const sections = {
  agent: z.strictObject({
    socket: requiredText({ ...socketPath, meaning: 'UNIX socket of the metadata agent: its `metadata_proxy_socket`.' }),
    generation: choice({
      of: ['auto', 'keep-alive', 'one-shot'],
      default: 'auto',
      meaning:
        'How the agent uses connections: found out from its replies, many requests on each (2024.2 and older), or one (2025.1 and newer).',
    }),
    concurrency: wholeOrAuto({
      from: 1,
      to: 1024,
      default: 'auto',
      meaning:
        'Requests the agent works on at once, over all ports; `auto` is 8, and 32 once it is known that it keeps connections.',
    }),
    queue_length: whole({
      from: 1,
      to: 65536,
      default: 4096,
      meaning: 'Requests that may wait for the agent, over all ports.',
    }),
    queue_timeout: duration({
      from: '10ms',
      to: '10m',
      default: '8s',
      meaning: 'Longest wait for the agent, then 503; cloud-init waits 10 s for an answer.',
    }),
    retry: duration({
      from: '1ms',
      to: '1m',
      default: '50ms',
      meaning: 'From a refused connection to the agent to the next attempt.',
    }),
    client_mac: flag(
      true,
      'Whether the agent is told the MAC of the client’s frames in `X-Metasteer-Client-MAC`: `metasteer agent` checks it, Neutron’s pass it over.',
    ),
    admin_socket: optionalText({
      ...socketPath,
      default: 'none',
      meaning:
        'Admin socket of `metasteer agent`, which is told there which routers and networks are on this node, and then answers for no others.',
    }),
  }),
  admin: z.strictObject({
    socket: optionalText({
      ...socketPath,
      default: 'admin.sock in run_dir',
      meaning: 'UNIX socket on which `metasteer status` asks the daemon.',
    }),
  }),
  worker: z.strictObject({
    user: optionalText({
      accepts: (name) => USER.test(name),
      expects: 'the name of a user',
      default: '`metasteer` where it may open the socket, else the socket’s owner; for root `nobody`',
      meaning: 'Unprivileged user the workers run as; it must be able to write to the agent socket.',
    }),
    sandbox: choice({
      of: ['on', 'off'],
      default: 'on',
      meaning:
        'Whether workers have a root, a PID namespace and a filter of system calls of their own; `off` is for debugging.',
    }),
    heap: size({
      from: '64MiB',
      to: '16GiB',
      default: '512MiB',
      meaning: 'JavaScript heap of a worker; one that needs more is ended and replaced. Buffers are not in it.',
    }),
  }),
  discovery: z.strictObject({
    rescan: duration({
      from: '50ms',
      to: '1h',
      default: '5m',
      meaning: 'Safety net: look at every router again, whatever was heard of changes.',
    }),
    include: ownerList({ default: 'all', meaning: 'Routers and networks to steer, no others.' }),
    exclude: ownerList({
      default: 'none',
      meaning: 'Routers and networks to leave alone, also where `include` names them.',
    }),
    router_namespaces: namespacePattern({ default: 'qrouter-{uuid}', meaning: 'Names of the namespaces of routers.' }),
    router_interfaces: patternList({ default: ['qr-*'], meaning: 'Interfaces to steer in namespaces of routers.' }),
    network_namespaces: namespacePattern({
      default: 'qdhcp-{uuid}',
      meaning: 'Names of the namespaces of isolated networks.',
    }),
    network_interfaces: patternList({
      default: ['tap*', 'ns-*'],
      meaning: 'Interfaces to steer in namespaces of isolated networks.',
    }),
    ovn_namespaces: namespacePattern({
      default: 'ovnmeta-{uuid}',
      meaning: 'Names of the namespaces of OVN networks.',
    }),
    ovn_interfaces: patternList({ default: ['tap*'], meaning: 'Interfaces to steer in namespaces of OVN networks.' }),
  }),
  steering: steeringSection,
  guard: guardSection,
  metadata_rate_limiting: rateLimitingSection,
  // The names, defaults and unit of Neutron's options of this group (contract.md 1.1).
  metadata_haproxy: z.strictObject({
    timeout_connect: timeout(30, 'Longest time to connect to the agent.'),
    timeout_client: timeout(32, 'Longest silence of a client within a request or a reply.'),
    timeout_server: timeout(32, 'Longest wait for the head of a reply, then 504, and for each further 64 KiB of it.'),
    timeout_http_request: timeout(
      30,
      'Longest time from the first byte of a request to its last, body included, then 408.',
    ),
    timeout_http_keep_alive: timeout(30, 'Longest silence of a client between two requests.'),
  }),
  limits: z.strictObject({
    head_size: size({
      from: '1KiB',
      to: '64KiB',
      default: '16KiB',
      meaning: 'Request line and headers together, then 431.',
    }),
    header_count: whole({ from: 1, to: 1000, default: 100, meaning: 'Headers of a request, then 431.' }),
    target_length: size({
      from: '64B',
      to: '64KiB',
      default: '8KiB',
      meaning: 'Request target, the path with its query, then 414.',
    }),
    body_size: size({ from: '0B', to: '16MiB', default: '64KiB', meaning: 'Body of a request, then 413.' }),
    connections: whole({
      from: 1,
      to: 1048576,
      default: 16384,
      meaning: 'Client connections open at once in one worker.',
    }),
  }),
  metrics: z.strictObject({
    ...metricsKeys('127.0.0.1:9110'),
    owner_label: choice({
      of: ['off', 'on'],
      default: 'off',
      meaning: 'Whether there are metrics by owner: as many as there are routers.',
    }),
    owners_max: whole({ from: 1, to: 10_000, default: 100, meaning: 'Owners told apart; the rest is `other`.' }),
  }),
  log: logSection,
};

/** The whole file, after `agent: {}` has been put where there is no such section. */
export const configSchema = z
  .strictObject({
    ...topKeys,
    agent: sections.agent,
    admin: sections.admin.prefault({}),
    worker: sections.worker.prefault({}),
    discovery: sections.discovery.prefault({}),
    steering: sections.steering.prefault({}),
    guard: sections.guard.prefault({}),
    metadata_rate_limiting: sections.metadata_rate_limiting.prefault({}),
    metadata_haproxy: sections.metadata_haproxy.prefault({}),
    limits: sections.limits.prefault({}),
    metrics: sections.metrics.prefault({}),
    log: sections.log.prefault({}),
  })
  .superRefine(({ steering, limits }, context) => {
    if (steering.on_exit === 'hold' && steering.attach === 'tcx') {
      const message = 'cannot be hold with attach: tcx, whose links end with the daemon';
      context.addIssue({ code: 'custom', path: ['steering', 'on_exit'], message });
    }
    if (limits.target_length > limits.head_size) {
      const message = `must not exceed head_size, which is ${limits.head_size} bytes`;
      context.addIssue({ code: 'custom', path: ['limits', 'target_length'], message });
    }
  });

/** A validated file, still in its own words. */
export type ConfigFile = z.output<typeof configSchema>;

export const CONFIG_KEYS = fileKeys(topKeys, sections, 'agent: { socket: PATH }');

function timeout(seconds: number, meaning: string) {
  return duration({ from: '10ms', to: '1h', default: seconds, meaning });
}
