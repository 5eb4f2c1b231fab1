/** Neutron's own options that say the same as settings of the agent (contract.md 2.3 and 2.5). */

import type { ConfigDocument } from '../../config/document.ts';
import { followed, type IniOption, type IniOptions, readIni } from '../../config/ini.ts';
import type { Place, Problem } from '../../config/problems.ts';
import { messageOf } from '../../errors.ts';

/** Neutron's defaults of options that others refer to, or that belong together. */
const DEFAULTS: Readonly<Record<string, string>> = {
  state_path: '/var/lib/neutron',
  nova_metadata_host: '127.0.0.1',
  nova_metadata_port: '8775',
  nova_metadata_protocol: 'http',
};

const TRUE = /^(true|1|on|yes)$/i;
const FALSE = /^(false|0|off|no)$/i;
const DEDUCE = 'deduce';
const HOST_OPTIONS = ['nova_metadata_host', 'nova_metadata_port', 'nova_metadata_protocol'] as const;
const SECRET_OPTION = 'metadata_proxy_shared_secret';

/** How an option becomes a value such as the configuration file has it; undefined where nothing follows from it. */
type Convert = (value: string) => unknown;

interface Import {
  readonly option: string;
  readonly path: readonly [string] | readonly [string, string];
  readonly convert: Convert;
}

const asText: Convert = (value) => (value === '' ? undefined : value);

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
  files: readonly { readonly path: string; readonly place: Place }[],
  readText: (path: string) => string,
): Imported {
  const options = new Map<string, IniOption>();
  const problems: Problem[] = [];
  for (const { path, place } of files) {
    try {
      const read = readIni(readText(path), path);
      if ('problems' in read) problems.push(...read.problems);
      else for (const [name, option] of read) options.set(name, option);
    } catch (error) {
      problems.push({ code: 'config-unreadable', place, key: 'neutron_files', message: messageOf(error) });
    }
  }
  if (problems.length > 0) return { document, problems };
  return addOptions(document, options);
}

function addOptions(document: ConfigDocument, options: IniOptions): Imported {
  const added = new Addition(document);
  const problems: Problem[] = [];
  const textOf = (name: string): string | undefined => {
    const option = options.get(name);
    if (option === undefined) return undefined;
    const value = followed(option, options, DEFAULTS);
    if (typeof value === 'string') return value;
    problems.push({ code: 'config-invalid-value', place: option.place, key: name, message: value.problem });
    return undefined;
  };
  for (const { option, path, convert } of IMPORTS) {
    const value = textOf(option);
    if (value !== undefined) added.set(path, convert(value), options.get(option)?.place);
  }
  const setHost = HOST_OPTIONS.find((name) => options.has(name));
  if (setHost !== undefined) {
    const [host = '', port = '', protocol = ''] = HOST_OPTIONS.map((name) => textOf(name) ?? DEFAULTS[name]);
    added.set(['nova', 'addresses'], [`${protocol}://${inUrl(host)}:${port}`], options.get(setHost)?.place);
  }
  const secret = textOf(SECRET_OPTION);
  const file = options.get(SECRET_OPTION)?.place.file;
  return {
    document: added.document,
    ...(secret === undefined || secret === '' || file === undefined ? {} : { sharedSecret: { value: secret, file } }),
    problems,
  };
}

function asNumber(value: string): unknown {
  return /^\d+$/.test(value) ? Number(value) : value;
}

function asFlag(value: string): unknown {
  return TRUE.test(value) || (FALSE.test(value) ? false : value);
}

function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A configuration with further values, each of which knows the file it is from. */
class Addition {
  readonly #values: Record<string, unknown>;
  readonly #places = new Map<string, Place>();
  readonly #own: ConfigDocument;

  constructor(own: ConfigDocument) {
    this.#own = own;
    this.#values = { ...own.values };
  }

  get document(): ConfigDocument {
    return {
      values: this.#values,
      keyPlace: (path) => this.#placeOf(path) ?? this.#own.keyPlace(path),
      valuePlace: (path) => this.#placeOf(path) ?? this.#own.valuePlace(path),
    };
  }

  /** Sets a value that the configuration does not set itself. */
  set([first, second]: Import['path'], value: unknown, place: Place | undefined): void {
    if (value === undefined || place === undefined) return;
    const section = this.#values[first];
    if (second === undefined) {
      if (section !== undefined) return;
      this.#values[first] = value;
    } else {
      // What is no mapping is a mistake that the schema reports.
      if (section !== undefined && (!isMapping(section) || second in section)) return;
      this.#values[first] = { ...section, [second]: value };
    }
    this.#places.set(second === undefined ? first : `${first}.${second}`, place);
  }

  #placeOf(path: readonly PropertyKey[]): Place | undefined {
    return this.#places.get(path.slice(0, 2).join('.')) ?? this.#places.get(String(path[0]));
  }
}
