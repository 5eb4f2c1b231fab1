/** Kinds of values that only the agent's settings have. */
import * as z from 'zod';
import { filePath } from '../../config/paths.ts';
import { checked, derived, facts, keyFacts, optionalText, unexpected } from '../../config/values.ts';

const OCTAL = /^0?([0-7]{3})$/;

/** The words of Neutron's `metadata_proxy_socket_mode` (contract.md 2.3). */
const MODE_WORDS: Readonly<Record<string, number>> = { user: 0o644, group: 0o664, all: 0o666 };

/** Permission bits, as text: YAML would read 0660 as six hundred and sixty. */
export function fileMode(key: { default: string; meaning: string }) {
  const expects = `permissions in quotes such as '0660', or one of ${Object.keys(MODE_WORDS).join(', ')}`;
  const read = (value: unknown) => {
    if (typeof value !== 'string') return undefined;
    const octal = OCTAL.exec(value)?.[1];
    return octal === undefined ? MODE_WORDS[value] : Number.parseInt(octal, 8);
  };
  return checked(read, expects)
    .prefault(key.default)
    .register(keyFacts, facts({ ...key, default: `'${key.default}'` }, expects));
}

/** The path of a file that may be left out; `default` says in words what happens then. */
export function optionalPath(meaning: string, otherwise = 'none') {
  return optionalText({ ...filePath, default: otherwise, meaning });
}

const ORIGIN = 'a URL such as http://10.0.0.1:8775, without a path';
const BASE = 'a URL such as https://keystone.example:5000/v3';

/** URLs of servers: scheme, host and port. */
export function originList(key: { default: readonly string[]; meaning: string }) {
  const expects = `a list of URLs such as http://10.0.0.1:8775, without paths`;
  const one = checked((value) => (typeof value === 'string' ? originOf(value) : undefined), ORIGIN);
  return z
    .array(one, { error: (issue) => unexpected(expects, issue.input) })
    .min(1, { error: `expected ${expects}, at least one` })
    .max(64, { error: `expected ${expects}, at most 64` })
    .prefault([...key.default])
    .register(keyFacts, facts({ default: `[${key.default.join(', ')}]`, meaning: key.meaning }, expects));
}

/** A URL below which an API lies, out without a slash at its end; `otherwise` says in words what an absent one means. */
export function optionalBaseUrl(meaning: string, otherwise = 'none') {
  return checked((value) => (typeof value === 'string' ? baseOf(value) : undefined), BASE)
    .optional()
    .register(keyFacts, derived({ default: otherwise, meaning }, BASE));
}

function originOf(text: string): string | undefined {
  const url = httpUrl(text);
  return url !== undefined && url.pathname === '/' ? url.origin : undefined;
}

function baseOf(text: string): string | undefined {
  const url = httpUrl(text);
  return url === undefined ? undefined : `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** Credentials in a URL would come into logs with it. */
function httpUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '' ? url : undefined;
}
