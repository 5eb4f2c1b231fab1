import { isIPv4, isIPv6 } from 'node:net';
import * as z from 'zod';
import { nearest } from './nearest.ts';
import { readDurationMs, readSizeBytes } from './units.ts';

/** What is known of a key beside its value: the columns of the table in docs/configuration.md. */
export interface KeyFacts {
  /** As it would be written in YAML, or words where it is derived; `required` where there is none. */
  readonly default: string;
  readonly expects: string;
  readonly meaning: string;
  /** Whether the default is words, and what they say follows from other keys or is nothing. */
  readonly isDerived: boolean;
  /** The value as JSON Schema, as far as that can say it. */
  readonly json: JsonSchema;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Durations and sizes as text, see units.ts; JSON Schema cannot say their bounds. */
const DURATION_TEXT = { type: 'string', pattern: '^\\d+(\\.\\d+)?(ms|s|m|h)$' };
const SIZE_TEXT = { type: 'string', pattern: '^\\d+(B|KiB|MiB|GiB)$' };

/** The facts of every key; a schema that is not in here is a section. */
export const keyFacts = z.registry<KeyFacts>();

/** A whole number within bounds, both included. */
export function whole(key: { from: number; to: number; default: number; meaning: string }) {
  const expects = `a whole number from ${key.from} to ${key.to}`;
  const read = (value: unknown) =>
    typeof value === 'number' && Number.isInteger(value) && value >= key.from && value <= key.to ? value : undefined;
  const json = { type: 'integer', minimum: key.from, maximum: key.to };
  return checked(read, expects)
    .prefault(key.default)
    .register(keyFacts, facts(key, expects, json));
}

/** A whole number within bounds, or `auto`. */
export function wholeOrAuto(key: { from: number; to: number; default: number | 'auto'; meaning: string }) {
  const expects = `a whole number from ${key.from} to ${key.to}, or auto`;
  const read = (value: unknown) => {
    if (value === 'auto') return value;
    return typeof value === 'number' && Number.isInteger(value) && value >= key.from && value <= key.to
      ? value
      : undefined;
  };
  const json = { anyOf: [{ type: 'integer', minimum: key.from, maximum: key.to }, { const: 'auto' }] };
  return checked(read, expects)
    .prefault(key.default)
    .register(keyFacts, facts(key, expects, json));
}

/** A duration, out in milliseconds. */
export function duration(key: { from: string; to: string; default: string | number; meaning: string }) {
  const expects = `a duration from ${key.from} to ${key.to}: seconds, or a number with ms, s, m or h`;
  const { read, least, most } = within(readDurationMs, key.from, key.to);
  const json = { anyOf: [{ type: 'number', minimum: least / 1000, maximum: most / 1000 }, DURATION_TEXT] };
  return checked(read, expects)
    .prefault(key.default)
    .register(keyFacts, facts(key, expects, json));
}

/** A size, out in bytes. */
export function size(key: { from: string; to: string; default: string; meaning: string }) {
  const expects = `a size from ${key.from} to ${key.to}: bytes, or a number with B, KiB, MiB or GiB`;
  const { read, least, most } = within(readSizeBytes, key.from, key.to);
  const json = { anyOf: [{ type: 'integer', minimum: least, maximum: most }, SIZE_TEXT] };
  return checked(read, expects)
    .prefault(key.default)
    .register(keyFacts, facts(key, expects, json));
}

/** One of a few words. */
export function choice<const Word extends string>(key: {
  of: readonly Word[];
  default: NoInfer<Word>;
  meaning: string;
}) {
  const expects = `one of ${key.of.join(', ')}`;
  const read = (value: unknown) => key.of.find((word) => word === value);
  const suggest = (value: unknown) => (typeof value === 'string' ? nearest(value, key.of) : undefined);
  return checked(read, expects, suggest)
    .prefault(key.default)
    .register(keyFacts, facts(key, expects, { enum: key.of }));
}

/** Yes or no. */
export function flag(value: boolean, meaning: string) {
  const read = (given: unknown) => (typeof given === 'boolean' ? given : undefined);
  const expects = 'true or false';
  return checked(read, expects)
    .prefault(value)
    .register(keyFacts, facts({ default: String(value), meaning }, expects, { type: 'boolean' }));
}

/** One or more of a few numbers, each once. */
export function oneOrBoth<const N extends number>(key: {
  of: readonly N[];
  default: readonly NoInfer<N>[];
  meaning: string;
}) {
  const expects = `a list with ${key.of.join(', ')} or both`;
  const read = (value: unknown) => {
    if (!Array.isArray(value) || value.length === 0 || new Set(value).size !== value.length) return undefined;
    const known = value.flatMap((each) => key.of.find((one) => one === each) ?? []);
    return known.length === value.length ? known : undefined;
  };
  const written = `[${key.default.join(', ')}]`;
  const json = { type: 'array', items: { enum: key.of }, minItems: 1, uniqueItems: true };
  return checked(read, expects)
    .prefault([...key.default])
    .register(keyFacts, facts({ default: written, meaning: key.meaning }, expects, json));
}

const TEXT = { type: 'string', minLength: 1 };

interface TextKey {
  accepts: (value: string) => boolean;
  expects: string;
  meaning: string;
}

/** A text that a check accepts. */
export function text(key: TextKey & { default: string }) {
  return checked(textThat(key.accepts), key.expects)
    .prefault(key.default)
    .register(keyFacts, facts(key, key.expects, TEXT));
}

/** The same without a default. A missing key is undefined, which no check accepts, so leaving it out is refused. */
export function requiredText(key: TextKey) {
  return checked(textThat(key.accepts), key.expects).register(
    keyFacts,
    facts({ default: 'required', meaning: key.meaning }, key.expects, TEXT),
  );
}

/** A text that may be left out; `default` says in words what happens then. */
export function optionalText(key: TextKey & { default: string }) {
  return checked(textThat(key.accepts), key.expects)
    .optional()
    .register(keyFacts, derived(key, key.expects, TEXT));
}

/** An IP address and a TCP port that may be left out. */
export function optionalAddress(key: { meaning: string }) {
  const expects = 'an IP address with a port, such as 127.0.0.1:9100 or [::1]:9100';
  const read = (value: unknown) => (typeof value === 'string' ? readAddress(value) : undefined);
  return checked(read, expects)
    .optional()
    .register(keyFacts, derived({ ...key, default: 'none' }, expects, TEXT));
}

function readAddress(value: string): { readonly host: string; readonly port: number } | undefined {
  const [, v6, v4, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(value) ?? [];
  const host = v6 ?? v4 ?? '';
  const port = Number(digits);
  const isAddress = v6 === undefined ? isIPv4(host) : isIPv6(host);
  return isAddress && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

function textThat(accepts: (value: string) => boolean) {
  return (value: unknown) => (typeof value === 'string' && accepts(value) ? value : undefined);
}

/** What a person reads when a value is not what a key takes. */
export function unexpected(expects: string, value: unknown): string {
  return value === undefined ? `is required: ${expects}` : `expected ${expects}, not ${shown(value)}`;
}

/** A schema of whatever `read` makes of a value; what it makes nothing of is not what the key `expects`. */
export function checked<T>(
  read: (value: unknown) => T | undefined,
  expects: string,
  suggest: (value: unknown) => string | undefined = () => undefined,
) {
  return z.unknown().transform((value, context): T => {
    const result = read(value);
    if (result !== undefined) return result;
    const meant = suggest(value);
    context.issues.push({
      code: 'custom',
      input: value,
      message: unexpected(expects, value) + (meant === undefined ? '' : `; did you mean \`${meant}\`?`),
      params: { missing: value === undefined },
    });
    return z.NEVER;
  });
}

function within(read: (value: unknown) => number | undefined, from: string, to: string) {
  const [least, most] = [read(from), read(to)];
  if (least === undefined || most === undefined) throw new RangeError(`bounds of a key: ${from}, ${to}`);
  const bounded = (value: unknown): number | undefined => {
    const result = read(value);
    return result !== undefined && result >= least && result <= most ? result : undefined;
  };
  return { read: bounded, least, most };
}

/** The facts of a key whose default is written as it is. */
export function facts(
  key: { default: string | number; meaning: string },
  expects: string,
  json: JsonSchema = {},
): KeyFacts {
  return { default: String(key.default), expects, meaning: key.meaning, isDerived: false, json };
}

/** The facts of a key whose default is words. */
export function derived(key: { default: string; meaning: string }, expects: string, json: JsonSchema = {}): KeyFacts {
  return { ...facts(key, expects, json), isDerived: true };
}

function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const written = JSON.stringify(value) ?? String(value);
  return written.length > 60 ? `${written.slice(0, 57)}...` : written;
}
