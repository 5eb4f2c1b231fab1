import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type YAMLError } from 'yaml';
import { type ErrorCode, messageOf } from '../errors.ts';
import type { Place, Problem } from './problems.ts';

const ALIASES_MAX = 100;

/** What a kind of file is expected to be. */
export interface DocumentKind {
  /** The least it must hold, for messages. */
  readonly least: string;
  /** Aliases it may resolve to, so that a small file cannot become a huge one. Default 100. */
  readonly aliasesMax?: number;
}

/** A file that is YAML and a mapping, with the places of its keys and values. */
export interface ConfigDocument {
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the key of a path stands; for a path that is not in the file, its nearest part that is. */
  keyPlace(path: readonly PropertyKey[]): Place;
  /** Where the value of a path stands; its key where it has none. */
  valuePlace(path: readonly PropertyKey[]): Place;
}

/** Reads YAML 1.2; problems instead of a document when it is not YAML, is empty, or is not a mapping. */
export function readDocument(
  text: string,
  { least, aliasesMax = ALIASES_MAX }: DocumentKind,
): ConfigDocument | { readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, strict: true });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) return { problems: faults.map((fault) => syntaxProblem(fault, text, lines)) };

  const refused = (code: ErrorCode, message: string) => ({
    problems: [{ code, place: { line: 1, column: 1 }, message }],
  });
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return refused('config-missing-key', `the file is empty; the least it must hold is \`${least}\``);
  }
  if (!isMap(document.contents)) {
    return refused('config-syntax', `expected a mapping such as \`${least}\``);
  }
  let values: Record<string, unknown>;
  try {
    values = document.toJS({ maxAliasCount: aliasesMax });
  } catch (error) {
    return refused('config-syntax', messageOf(error));
  }
  const placeOf = (path: readonly PropertyKey[], wanted: 'key' | 'value') =>
    placeAt(lines, offsetOf(document, path, wanted));
  return {
    values,
    keyPlace: (path) => placeOf(path, 'key'),
    valuePlace: (path) => placeOf(path, 'value'),
  };
}

function syntaxProblem(fault: YAMLError, text: string, lines: LineCounter): Problem {
  const [offset] = fault.pos;
  const key = fault.code === 'DUPLICATE_KEY' ? /^[\w.-]+/.exec(text.slice(offset, offset + 80))?.[0] : undefined;
  const message = key === undefined ? fault.message : `the key \`${key}\` appears twice in one mapping`;
  return { code: 'config-syntax', place: placeAt(lines, offset), message };
}

function offsetOf(document: Document, path: readonly PropertyKey[], wanted: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let key: unknown = node;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return startOf(key);
      key = pair.key;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      key = node;
    } else {
      return startOf(key);
    }
  }
  const hasText = isNode(node) && node.range != null && node.range[1] > node.range[0];
  return startOf(wanted === 'value' && hasText ? node : key);
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
