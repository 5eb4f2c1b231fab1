/** Which source the settings name, built from them. */
import { MetasteerError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { InventorySource } from './inventory-source.ts';
import { Keystone } from './keystone.ts';
import type { Login } from './keystone-login.ts';
import { NeutronSource } from './neutron-source.ts';
import { Resolver } from './resolver.ts';
import type { ResolverLike } from './resolver-like.ts';
import type { AgentSettings } from './settings/settings.ts';
import type { InstanceSource } from './source.ts';

/** A resolver over the source that the settings name, and how both are let go. */
export interface OpenResolver {
  readonly resolver: ResolverLike;
  readonly close: () => Promise<void>;
}

interface OpenSource {
  readonly source: InstanceSource;
  readonly close: () => Promise<void>;
}

/**
 * Opens the source of `resolver.source`. Neutron need not answer yet.
 *
 * @throws {MetasteerError} `inventory-…`, `tls-files`, `config-…`
 */
export async function openResolver(settings: AgentSettings, log: Logger): Promise<OpenResolver> {
  const { source: name, ...limits } = settings.resolver;
  const { source, close } = name === 'neutron' ? neutronSource(settings) : await inventorySource(settings, log);
  return { resolver: new Resolver({ source, ...limits }), close };
}

async function inventorySource({ inventory }: AgentSettings, log: Logger): Promise<OpenSource> {
  const file = needed(inventory.file, 'inventory.file');
  const source = await InventorySource.open({
    file,
    onChange: ({ instances }) => log.info({ file, instances: instances.length }, 'inventory read'),
    onProblem: ({ code, message, action }) =>
      log.error({ file, code, error: message, action }, 'the inventory cannot be used; the one before stays'),
  });
  return { source, close: () => source.close() };
}

function neutronSource({ neutron, keystone: settings, resolver }: AgentSettings): OpenSource {
  const url = needed(settings.url, 'keystone.url');
  const keystone = new Keystone({ url, login: loginOf(settings), tls: settings, timeoutMs: settings.timeoutMs });
  const { url: neutronUrl, region, interface: which, connections, timeoutMs } = neutron;
  const source = new NeutronSource({
    keystone,
    ...(neutronUrl === undefined ? {} : { url: neutronUrl }),
    ...(region === undefined ? {} : { region }),
    ...{ interface: which, tls: neutron, connections, timeoutMs, networksTtlMs: resolver.ttlMs },
  });
  const close = async () => {
    await source.close();
    await keystone.close();
  };
  return { source, close };
}

/** The settings say one of three: a credential by its id, one by its name and user, or a user with a password. */
function loginOf(settings: AgentSettings['keystone']): Login {
  const shown = needed(settings.secret, 'keystone.password_file');
  const secret = () => shown.reveal();
  const { applicationCredentialId: id, applicationCredentialName: name } = settings;
  if (id !== undefined) return { method: 'application-credential', credential: { id }, secret };
  const user = { name: needed(settings.username, 'keystone.username'), domain: { name: settings.userDomain } };
  if (name !== undefined) return { method: 'application-credential', credential: { name, user }, secret };
  const project = { name: needed(settings.project, 'keystone.project'), domain: { name: settings.projectDomain } };
  return { method: 'password', user, password: secret, project };
}

/** The schema has made sure of it already, so this is for whoever builds settings otherwise. */
function needed<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new MetasteerError('config-missing-key', `${key} is required`);
  return value;
}
