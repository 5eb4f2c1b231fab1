import type * as z from 'zod';
import { type ErrorCode, MetasteerError } from '../errors.ts';
import type { ConfigDocument } from './document.ts';
import type { FileKeys } from './file-keys.ts';
import { nearest } from './nearest.ts';
import { unexpected } from './values.ts';

/** Problems reported at once; a file with more has one cause for many of them. */
const REPORTED_MAX = 20;

/** A place in a file, line and column counted from 1; line 0 is all of what `file` names, such as a variable. */
export interface Place {
  /** Another file than the configuration itself, from which a value was taken. */
  readonly file?: string;
  readonly line: number;
  readonly column: number;
}

/** One thing wrong with the file. */
export interface Problem {
  readonly code: ErrorCode;
  readonly place: Place;
  /** As `section.key`; absent where the file is not even YAML. */
  readonly key?: string;
  readonly message: string;
}

/** Puts what the schema found into words, with the place of each. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  document: ConfigDocument,
  keys: FileKeys,
): readonly Problem[] {
  return issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => unknownKey([...issue.path, key], document, keys));
    const key = keyText(issue.path);
    if (isMissing(issue)) {
      return [{ code: 'config-missing-key', place: document.keyPlace(issue.path), key, message: issue.message }];
    }
    // Keys bring their own words; what is left is a section that is not a mapping.
    const known = issue.code === 'custom' || keys.facts.has(key);
    const message = known ? issue.message : unexpected('a mapping of keys', valueAt(document.values, issue.path));
    return [{ code: 'config-invalid-value', place: document.valuePlace(issue.path), key, message }];
  });
}

/** All problems as one error: a line for each in the order of the file, the code of the first. */
export function configError(path: string, problems: readonly Problem[]): MetasteerError {
  const sorted = problems.toSorted((a, b) => compare(a.place, b.place));
  const lines = sorted.slice(0, REPORTED_MAX).map(({ place, key, message }) => {
    const subject = key === undefined ? '' : `${key}: `;
    const where = place.line === 0 ? '' : `:${place.line}:${place.column}`;
    return `${place.file ?? path}${where}: ${subject}${message}`;
  });
  if (sorted.length > REPORTED_MAX) lines.push(`${path}: and ${sorted.length - REPORTED_MAX} more problems`);
  return new MetasteerError(sorted[0]?.code ?? 'config-invalid-value', lines.join('\n'));
}

/** The configuration itself comes first, then the files it names. */
function compare(a: Place, b: Place): number {
  const [first, second] = [a.file ?? '', b.file ?? ''];
  if (first !== second) return first < second ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

function isMissing(issue: z.core.$ZodIssue): boolean {
  const { missing } = (issue.code === 'custom' && issue.params) || {};
  return missing === true;
}

function unknownKey(path: readonly PropertyKey[], document: ConfigDocument, keys: FileKeys): Problem {
  const name = String(path.at(-1));
  const siblings = keys.keysIn(keyText(path.slice(0, -1)));
  const elsewhere = [...keys.facts.keys()].filter((key) => key.endsWith(`.${name}`));
  const near = nearest(name, siblings);
  const meant = near === undefined ? elsewhere : [near];
  const hint = meant.length > 0 ? `did you mean \`${meant.join('` or `')}\`?` : `known here: ${siblings.join(', ')}`;
  return {
    code: 'config-unknown-key',
    place: document.keyPlace(path),
    key: keyText(path),
    message: `unknown key; ${hint}`,
  };
}

/** A path as `section.key` or `list[0].key`. */
export function keyText(path: readonly PropertyKey[]): string {
  return path
    .map((step, depth) => (typeof step === 'number' ? `[${step}]` : `${depth > 0 ? '.' : ''}${String(step)}`))
    .join('');
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let value = values;
  for (const step of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
  return value;
}
