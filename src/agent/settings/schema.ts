/**
 * Every key of the agent's settings with its default, its bounds and its meaning. docs/agent.md has the same table (a
 * test holds the two equal); `settings.ts` gives the values the names and units the agent uses.
 */
import * as z from 'zod';
import { fileKeys } from '../../config/file-keys.ts';
import { logSection } from '../../config/log-section.ts';
import { metricsKeys } from '../../config/metrics-keys.ts';
import { pathList } from '../../config/name-values.ts';
import { socketPath } from '../../config/paths.ts';
import { duration, flag, optionalText, size, text, whole } from '../../config/values.ts';
import { inventorySection, keystoneSection, neutronSection, resolverSection, tlsKeys } from './identity-sections.ts';
import { fileMode, optionalPath, originList } from './values.ts';

const ACCOUNT = {
  accepts: (name: string) => /^[a-z_][a-z0-9_.-]{0,30}\$?$|^\d{1,10}$/i.test(name),
  default: 'the agent’s own',
};

const topKeys = {
  socket: text({
    ...socketPath,
    default: '/var/lib/neutron/metadata_proxy',
    meaning: 'UNIX socket on which proxies ask; Neutron’s `metadata_proxy_socket`.',
  }),
  socket_mode: fileMode({ default: '0660', meaning: 'Permissions of the socket: who may write to it may ask.' }),
  socket_owner: optionalText({ ...ACCOUNT, expects: 'the name or number of a user', meaning: 'Owner of the socket.' }),
  socket_group: optionalText({ ...ACCOUNT, expects: 'the name or number of a group', meaning: 'Group of the socket.' }),
  backlog: whole({
    from: 1,
    to: 65535,
    default: 4096,
    meaning: 'Connections that may wait to be accepted; the kernel takes no more than `net.core.somaxconn`.',
  }),
  connections: whole({
    from: 1,
    to: 1048576,
    default: 16384,
    meaning: 'Connections of proxies at once; further ones are closed. Idle ones stay open.',
  }),
  drain: duration({
    from: '0s',
    to: '5m',
    default: '10s',
    meaning: 'How long requests in progress may take to finish when the agent stops.',
  }),
  neutron_files: pathList({
    meaning:
      'Files of Neutron whose options hold where this file says nothing: `neutron.conf`, `metadata_agent.ini`. Later ones win.',
  }),
};

const sections = {
  nova: z.strictObject({
    addresses: originList({
      default: ['http://127.0.0.1:8775'],
      meaning: 'Where nova-api-metadata listens; requests go to each in turn.',
    }),
    shared_secret_file: optionalPath(
      'File with nova’s `metadata_proxy_shared_secret`.',
      'METASTEER_SHARED_SECRET, or from `neutron_files`',
    ),
    ...tlsKeys('nova'),
    connections: whole({ from: 1, to: 4096, default: 64, meaning: 'Requests to nova at once.' }),
    queue_length: whole({
      from: 0,
      to: 65536,
      default: 4096,
      meaning: 'Requests that may wait for one of these connections, then 503; each waits at most `timeout`.',
    }),
    timeout_connect: duration({ from: '10ms', to: '1m', default: '5s', meaning: 'Longest time to connect to nova.' }),
    timeout: duration({
      from: '10ms',
      to: '10m',
      default: '60s',
      meaning: 'Longest silence of nova before or within a reply, then 504.',
    }),
  }),
  resolver: resolverSection,
  neutron: neutronSection,
  keystone: keystoneSection,
  inventory: inventorySection,
  response_cache: z.strictObject({
    enabled: flag(false, 'Whether replies that stay the same for some time are kept for the same instance.'),
    ttl: duration({ from: '100ms', to: '1m', default: '5s', meaning: 'How long.' }),
    entries: whole({ from: 1, to: 1048576, default: 4096, meaning: 'Replies kept.' }),
    bytes: size({ from: '64KiB', to: '1GiB', default: '16MiB', meaning: 'Bytes of all bodies kept.' }),
  }),
  limits: z.strictObject({
    head_size: size({
      from: '1KiB',
      to: '64KiB',
      default: '32KiB',
      meaning: 'Request line and headers together, then 431: as much as a proxy passes, with what it adds.',
    }),
    body_size: size({ from: '0B', to: '16MiB', default: '64KiB', meaning: 'Body of a request, then 413.' }),
  }),
  admin: z.strictObject({
    socket: text({
      ...socketPath,
      default: '/run/metasteer-agent/admin.sock',
      meaning:
        'UNIX socket on which `metasteer agent-status` asks the agent, and on which a daemon says which owners are on the node.',
    }),
  }),
  metrics: z.strictObject(metricsKeys('127.0.0.1:9111')),
  log: logSection,
};

/** The whole file. */
export const agentSchema = z
  .strictObject({
    ...topKeys,
    nova: sections.nova.prefault({}),
    resolver: sections.resolver.prefault({}),
    neutron: sections.neutron.prefault({}),
    keystone: sections.keystone.prefault({}),
    inventory: sections.inventory.prefault({}),
    response_cache: sections.response_cache.prefault({}),
    limits: sections.limits.prefault({}),
    admin: sections.admin.prefault({}),
    metrics: sections.metrics.prefault({}),
    log: sections.log.prefault({}),
  })
  .superRefine(checkTogether);

/** A validated file, still in its own words. */
export type AgentFile = z.output<typeof agentSchema>;

export const AGENT_KEYS = fileKeys(topKeys, sections, 'keystone: { url: URL, … }');

interface Together {
  readonly socket: string;
  readonly admin: { readonly socket: string };
  readonly metrics: { readonly socket?: string | undefined };
  readonly resolver: { readonly source: string };
  readonly inventory: { readonly file?: string | undefined };
  readonly keystone: Readonly<Partial<Record<string, unknown>>>;
}

/** What one key needs of another. */
function checkTogether(file: Together & Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const refuse = (path: readonly string[], message: string, missing = false) =>
    context.addIssue({ code: 'custom', path: [...path], message, params: { missing } });
  for (const section of ['nova', 'neutron', 'keystone'] as const) {
    const { client_cert: cert, client_key: key } = file[section] as Readonly<Record<string, unknown>>;
    if (cert !== undefined && key === undefined) refuse([section, 'client_key'], 'is required with client_cert', true);
    if (cert === undefined && key !== undefined) refuse([section, 'client_cert'], 'is required with client_key', true);
  }
  if (file.socket === file.admin.socket) refuse(['admin', 'socket'], 'must differ from socket');
  if ([file.socket, file.admin.socket].includes(file.metrics.socket ?? ''))
    refuse(['metrics', 'socket'], 'must differ from socket and admin.socket');
  const { resolver, inventory, keystone } = file;
  if (resolver.source === 'inventory') {
    if (inventory.file === undefined)
      refuse(['inventory', 'file'], 'is required with resolver.source: inventory', true);
    return;
  }
  if (keystone['url'] === undefined) refuse(['keystone', 'url'], 'is required with resolver.source: neutron', true);
  if (keystone['application_credential_id'] !== undefined) return;
  const needed = keystone['application_credential_name'] === undefined ? ['username', 'project'] : ['username'];
  for (const key of needed)
    if (keystone[key] === undefined)
      refuse(['keystone', key], 'is required without keystone.application_credential_id', true);
}
