/** Headers as text, and what a slip of the hand could make of them. Knows nothing of how the generator reads them. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, read } from './sources.ts';

/** Texts by path. */
export type Headers = ReadonlyMap<string, string>;

/** The headers of the border. */
export const HEADERS: Headers = new Map(['bpf/abi.h', 'native/metasteer.h'].map((path) => [path, read(path)]));

/** Something in a header: where its text stands, and the texts of its parts. */
export interface Declared {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  readonly parts: readonly string[];
}

function find(pattern: RegExp, partsOf: (body: string) => readonly string[]): readonly Declared[] {
  return [...HEADERS].flatMap(([path, header]) =>
    [...header.matchAll(pattern)].map(([text, name = '', body = '']) => ({ name, path, text, parts: partsOf(body) })),
  );
}

/** Structures, and the declarations of their members. */
export const structs = find(
  /^struct (ms_\w+) \{\n(.*?)^\};/gms,
  (body) => body.match(/^\t(?:__|struct )[^;]+;/gm) ?? [],
);

/** Enumerations, and the lines of their constants. */
export const enums = find(/^enum (ms_\w+) \{\n(.*?)^\};/gms, (body) => body.match(/^\tMS_\w+ = \d+/gm) ?? []);

/** Functions, and the declarations of their parameters. */
export const functions = find(/^MS_EXPORT int (ms_\w+)\(([^)]*)\);/gms, (list) =>
  list.split(',').map((part) => part.trim()),
);

/** Macros that are numbers, and what they stand for. */
export const defines = find(/^#define (MS_\w+) ((?:0x)?[0-9a-f]+U?)\b/gim, (value) => [value]);

/** All pairs of positions in a list of so many. */
export function pairs(count: number): readonly (readonly [number, number])[] {
  return Array.from({ length: count }, (_, first) =>
    Array.from({ length: count - first - 1 }, (_, more) => [first, first + 1 + more] as const),
  ).flat();
}

/** Bytes of a member's declaration, by what it says. */
export function widthOf(member: string): number {
  const [, type = '', length = '1'] =
    /^\s*(__u8|__u16|__u32|__s32|__u64|struct \w+) \w+(?:\[(.+)\])?;/.exec(member) ?? [];
  const width = { __u8: 1, __u16: 2, __u32: 4, __s32: 4, __u64: 8 }[type];
  return (width ?? Number.NaN) * Number(length);
}

/** The headers with some of it written otherwise. */
export function changed(changes: readonly (readonly [declared: Declared, text: string])[]): Headers {
  const texts = new Map(HEADERS);
  for (const [{ path, text, name }, instead] of changes) {
    const before = texts.get(path) ?? '';
    if (text === instead || before.split(text).length !== 2) throw new Error(`${name} cannot be changed`);
    // A function: `$` in the text means nothing.
    texts.set(
      path,
      before.replace(text, () => instead),
    );
  }
  return texts;
}

/** The text of something with two of its parts in each other's place. */
export function swapped({ text, parts, name }: Declared, [first, second]: readonly [number, number]): string {
  const [one, other] = [parts[first] ?? '', parts[second] ?? ''];
  const at = text.indexOf(one);
  const behind = text.indexOf(other, at + one.length);
  if (one === '' || other === '' || at === -1 || behind === -1) throw new Error(`parts of ${name} are not found`);
  return text.slice(0, at) + other + text.slice(at + one.length, behind) + one + text.slice(behind + other.length);
}

/** Runs with a folder that has these headers at their paths, and other files of the repository as they are. */
export function withTree<Result>(headers: Headers, copied: readonly string[], run: (root: string) => Result): Result {
  const root = mkdtempSync(join(tmpdir(), 'metasteer-border-'));
  try {
    for (const path of copied) cpSync(join(ROOT, path), join(root, path), { recursive: true });
    for (const [path, text] of headers) {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return run(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
