/** The limits of the data plane as operators write them while the daemon runs: the keys of `guard`, checked as in the file. */
import { MetasteerError } from '../errors.ts';
import type { GuardLimits } from './config.ts';
import { guardSection } from './limit-sections.ts';
import { nearest } from './nearest.ts';

/** Keys of `guard` that may change while the daemon runs, and what the program calls them. */
const NAMES = {
  source_rate: 'sourceRate',
  source_burst: 'sourceBurst',
  source_connections: 'sourceConnections',
  port_rate: 'portRate',
  port_burst: 'portBurst',
  port_connections: 'portConnections',
} as const satisfies Readonly<Record<string, keyof GuardLimits>>;

export type LimitKey = keyof typeof NAMES;
export const LIMIT_KEYS = Object.keys(NAMES) as readonly LimitKey[];

export type LimitsDocument = Readonly<Record<LimitKey, number>>;

/** The limits in the words of the configuration file. */
export function limitsDocument(limits: GuardLimits): LimitsDocument {
  return Object.fromEntries(LIMIT_KEYS.map((key) => [key, limits[NAMES[key]]])) as LimitsDocument;
}

/** Some of the limits, in the same words. */
export function partOfLimits(limits: Partial<GuardLimits>): Partial<LimitsDocument> {
  return Object.fromEntries(
    LIMIT_KEYS.flatMap((key) => {
      const value = limits[NAMES[key]];
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/**
 * Reads limits that are to change.
 *
 * @throws {MetasteerError} `config-unknown-key`, `config-invalid-value`
 */
export function parseLimits(given: unknown): Partial<GuardLimits> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new MetasteerError('config-invalid-value', 'expected limits by name');
  const changes: Partial<Record<keyof GuardLimits, number>> = {};
  for (const [key, value] of Object.entries(given)) {
    const known = LIMIT_KEYS.find((each) => each === key);
    if (known === undefined) throw unknownKey(key);
    const checked = guardSection.shape[known].safeParse(value);
    if (!checked.success) {
      const [issue] = checked.error.issues;
      throw new MetasteerError('config-invalid-value', `${key}: ${issue?.message ?? 'not a limit'}`);
    }
    changes[NAMES[known]] = checked.data;
  }
  return changes;
}

function unknownKey(key: string): MetasteerError {
  const meant = nearest(key, LIMIT_KEYS);
  const hint = meant === undefined ? `there are ${LIMIT_KEYS.join(', ')}` : `did you mean \`${meant}\`?`;
  return new MetasteerError('config-unknown-key', `no such limit: ${key}; ${hint}`);
}
