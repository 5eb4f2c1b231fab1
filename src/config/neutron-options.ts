/** Neutron's options that say the same as keys of the daemon's configuration (contract.md 1.1, 1.3 and 2.3). */
import type { Additions, KeyPath } from './additions.ts';
import {
  asFlag,
  asNumber,
  asNumbers,
  asText,
  type Convert,
  type NamedFile,
  type NeutronOptions,
} from './neutron-files.ts';
import type { Place } from './problems.ts';

/** Neutron's defaults of options that others refer to. */
const DEFAULTS = { state_path: '/var/lib/neutron' } as const;
const SOCKET = 'metadata_proxy_socket';

const CONVERTS: Readonly<Record<string, Readonly<Record<string, Convert>>>> = {
  metadata_rate_limiting: {
    rate_limit_enabled: asFlag,
    ip_versions: asNumbers,
    base_window_duration: asNumber,
    base_query_rate_limit: asNumber,
    burst_window_duration: asNumber,
    burst_query_rate_limit: asNumber,
  },
  metadata_haproxy: {
    timeout_connect: asNumber,
    timeout_client: asNumber,
    timeout_server: asNumber,
    timeout_http_request: asNumber,
    timeout_http_keep_alive: asNumber,
  },
};

/** Has Neutron's options hold where the configuration says nothing. @param files those that were read, at least one */
export function addNeutronOptions(added: Additions, options: NeutronOptions, files: readonly NamedFile[]): void {
  for (const [section, names] of Object.entries(CONVERTS)) {
    for (const [name, convert] of Object.entries(names)) {
      const value = options.text(`${section}.${name}`, DEFAULTS);
      fill(
        added,
        [section, name],
        value === undefined ? undefined : convert(value),
        options.placeOf(`${section}.${name}`),
      );
    }
  }
  const socket = options.text(SOCKET, DEFAULTS);
  if (socket !== undefined) {
    fill(added, ['agent', 'socket'], asText(socket), options.placeOf(SOCKET));
  } else if (options.placeOf(SOCKET) === undefined) {
    // Not set, so it is what Neutron takes then, in a folder that may be set.
    const folder = options.text('state_path', DEFAULTS) ?? DEFAULTS.state_path;
    fill(added, ['agent', 'socket'], `${folder}/metadata_proxy`, options.placeOf('state_path') ?? files[0]?.place);
  }
}

function fill(added: Additions, path: KeyPath, value: unknown, place: Place | undefined): void {
  if (value !== undefined && place !== undefined) added.fill(path, value, place);
}
