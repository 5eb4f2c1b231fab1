/** Neutron's own options that say the same as settings of the agent (contract.md 2.3 and 2.5). */

import { Additions, type KeyPath } from '../../config/additions.ts';
import type { ConfigDocument } from '../../config/document.ts';
import {
  asFlag,
  asNumber,
  asText,
  type Convert,
  type NamedFile,
  type NeutronOptions,
  type ReadText,
  readNeutronFiles,
} from '../../config/neutron-files.ts';
import type { Problem } from '../../config/problems.ts';

/** Neutron's defaults of options that others refer to, or that belong together. */
const DEFAULTS: Readonly<Record<string, string>> = {
  state_path: '/var/lib/neutron',
  nova_metadata_host: '127.0.0.1',
  nova_metadata_port: '8775',
  nova_metadata_protocol: 'http',
};

const DEDUCE = 'deduce';
const HOST_OPTIONS = ['nova_metadata_host', 'nova_metadata_port', 'nova_metadata_protocol'] as const;
const SECRET_OPTION = 'metadata_proxy_shared_secret';

interface Import {
  readonly option: string;
  readonly path: KeyPath;
  readonly convert: Convert;
}

const IMPORTS: readonly Import[] = [
  { option: 'metadata_proxy_socket', path: ['socket'], convert: asText },
  // What `deduce` comes to depends on who Neutron's agent runs as, so our own default holds.
  {
    option: 'metadata_proxy_socket_mode',
    path: ['socket_mode'],
    convert: (value) => (value === DEDUCE ? undefined : value),
  },
  { option: 'metadata_backlog', path: ['backlog'], convert: asNumber },
  { option: 'auth_ca_cert', path: ['nova', 'ca_file'], convert: asText },
  { option: 'nova_client_cert', path: ['nova', 'client_cert'], convert: asText },
  { option: 'nova_client_priv_key', path: ['nova', 'client_key'], convert: asText },
  { option: 'nova_metadata_insecure', path: ['nova', 'insecure'], convert: asFlag },
];

/** A shared secret as it stands in a file of Neutron. */
export interface ImportedSecret {
  readonly value: string;
  readonly file: string;
}

export interface Imported {
  /** The configuration with what Neutron's files add to it. What it says itself stays. */
  readonly document: ConfigDocument;
  readonly sharedSecret?: ImportedSecret;
  readonly problems: readonly Problem[];
}

/**
 * Adds what Neutron's files say to a configuration.
 *
 * @param files paths in the order in which they are read: later ones win
 * @param readText gives the text of a file, or throws
 */
export function importNeutronFiles(
  document: ConfigDocument,
  files: readonly NamedFile[],
  readText: ReadText,
): Imported {
  const options = readNeutronFiles(files, readText);
  return 'problems' in options ? { document, problems: options.problems } : addOptions(document, options);
}

function addOptions(document: ConfigDocument, options: NeutronOptions): Imported {
  const added = new Additions(document);
  const fill = (option: string, path: KeyPath, value: unknown) => {
    const place = options.placeOf(option);
    if (value !== undefined && place !== undefined) added.fill(path, value, place);
  };
  const textOf = (name: string) => options.text(name, DEFAULTS);
  for (const { option, path, convert } of IMPORTS) {
    const value = textOf(option);
    if (value !== undefined) fill(option, path, convert(value));
  }
  const setHost = HOST_OPTIONS.find((name) => options.placeOf(name) !== undefined);
  if (setHost !== undefined) {
    const [host = '', port = '', protocol = ''] = HOST_OPTIONS.map((name) => textOf(name) ?? DEFAULTS[name]);
    fill(setHost, ['nova', 'addresses'], [`${protocol}://${inUrl(host)}:${port}`]);
  }
  const secret = textOf(SECRET_OPTION);
  const file = options.placeOf(SECRET_OPTION)?.file;
  return {
    document: added.document,
    ...(secret === undefined || secret === '' || file === undefined ? {} : { sharedSecret: { value: secret, file } }),
    problems: options.found,
  };
}

function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
