/** The rules of the source text that neither the compiler nor the linter knows. */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { bareCode, filesUnder, foldersIn, foldersUnder, hits, read, withoutComments } from './sources.ts';

const LINES_MAX = 300;
/** Path of a longer file, and why it is better in one piece. */
const LONGER: Readonly<Record<string, string>> = {};

const own = filesUnder('src', /\.ts$/);
const code = ['src', 'test', 'bench', 'packaging'].flatMap((folder) => filesUnder(folder, /\.ts$/));
const everything = foldersIn('').flatMap((folder) =>
  filesUnder(folder, /\.(ts|js|mjs|c|h|sh|py|md|json|ya?ml)$|^Makefile$/),
);
const kernel = filesUnder('src/kernel', /(?<!\.gen)\.ts$/);
const proxy = filesUnder('src/proxy', /\.ts$/);

/** Written in halves, so that this file does not break its own rule. */
const MARKS = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'];

/** Log lines, what Keystone says of its tokens, dates in replies, what frames of `top` say they are of: everything else measures with a clock that never jumps. */
const WALL_CLOCK = ['log-output.ts', 'keystone.ts', 'back-off.ts', 'top-frame.ts', 'history.ts', 'worker-output.ts'];

/** Offsets in bytes: a number in what is read or written, or added. Offsets in words: a number, or a constant that is not generated, in an index. */
const OFFSET = new RegExp(
  [
    String.raw`\.read(?:Big)?U?Int\w*\([^)]*(?<!\w)[1-9]`,
    String.raw`\.write(?:Big)?U?Int\w*\([^,()]+,[^)]*(?<!\w)[1-9]`,
    String.raw`\b(?:at|offset) \+ \d`,
    String.raw`\w\[[^\]]* \+ (?:\d+|(?!\w+_WORD\b)[A-Z]\w*)\]`,
    String.raw`[wW]ords\[(?:[1-9]\d*|(?!\w+_WORD\b)[A-Z]\w*)\]`,
    String.raw`\bAtomics\.\w+\([^,]+, (?:\d|(?!\w+_WORD\b)[A-Z])`,
  ].join('|'),
);

interface Rule {
  readonly title: string;
  readonly files: readonly string[];
  readonly pattern: RegExp;
  readonly view?: (text: string) => string;
}

function except(paths: readonly string[], ...names: readonly string[]): string[] {
  return paths.filter((path) => !names.includes(basename(path)));
}

function castTo(type: string, file: string): Rule {
  return {
    title: `only src/identity/${file} makes a ${type}`,
    files: code.filter((path) => path !== `src/identity/${file}`),
    pattern: new RegExp(String.raw`\bas\s+(?:readonly\s+)?${type}\b`),
    view: bareCode,
  };
}

const rules: readonly Rule[] = [
  castTo('PortId', 'port-id.ts'),
  castTo('OwnerId', 'owner-id.ts'),
  castTo('ClientAddress', 'client-address.ts'),
  castTo('MacAddress', 'mac-address.ts'),
  {
    title: 'only refuse.ts of the proxy knows statuses of refusals',
    files: except(proxy, 'refuse.ts'),
    pattern: /(?<![\w.])[45]\d\d(?!\w)/,
    view: withoutComments,
  },
  {
    title: 'only the reading and writing of replies knows statuses without a body',
    files: except(proxy, 'refuse.ts', 'reply.ts', 'response.ts'),
    pattern: /(?<![\w.])(?:204|304)(?!\w)/,
    view: withoutComments,
  },
  {
    title: 'only headers.ts of the proxy knows the names of identity headers',
    files: except(proxy, 'headers.ts'),
    pattern: /x-neutron-|x-ovn-|x-forwarded-for/i,
    view: withoutComments,
  },
  {
    title: 'only what has to do with the clocks of others reads the time of day, which may jump',
    files: except(own, ...WALL_CLOCK).filter((path) => !path.startsWith('src/demo/')),
    pattern: /\bDate\.now\b|\bnew Date\(\)/,
    view: bareCode,
  },
  {
    title: 'only what is generated knows where members of C structures are',
    files: kernel,
    pattern: OFFSET,
    view: bareCode,
  },
  {
    title: 'nothing is left for later',
    files: everything,
    pattern: new RegExp(String.raw`\b(?:${MARKS.join('|')})\b`),
  },
  {
    title: 'nothing is of the type that switches checking off',
    files: code,
    pattern: /(?:[:<|&,(]|\bas|=>|=)\s*\bany\b(?:\[\])?\s*(?:[;,)>|&={[]|$)/,
    view: bareCode,
  },
  {
    title: 'no error of the compiler is silenced',
    files: code,
    pattern: /\/[/*]\s*@ts-(?:ignore|nocheck|expect-error)/,
  },
];

describe('in every file', () => {
  for (const { title, files, pattern, view } of rules) {
    test(title, () => assert.deepEqual(hits(files, pattern, view), []));
  }
});

test(`a file in src/ has at most ${LINES_MAX} lines unless generated`, () => {
  const long = own
    .filter((path) => !path.endsWith('.gen.ts'))
    .filter((path) => read(path).trimEnd().split('\n').length > LINES_MAX);
  assert.deepEqual(long, Object.keys(LONGER));
});

test('no folder is a drawer for odds and ends', () => {
  const folders = foldersIn('').flatMap((folder) => [folder, ...foldersUnder(folder)]);
  assert.deepEqual(
    folders.filter((folder) => /^(utils?|lib|libs|helpers?|common|misc|shared)$/i.test(basename(folder))),
    [],
  );
});

test('the rules find what they forbid', () => {
  const examples: Readonly<Record<string, string>> = {
    'only src/identity/port-id.ts makes a PortId': 'const a = 1 as PortId;',
    'only refuse.ts of the proxy knows statuses of refusals': "write('HTTP/1.1 503 Unavailable');",
    'only the reading and writing of replies knows statuses without a body': 'if (status === 204) return;',
    'only headers.ts of the proxy knows the names of identity headers': "name === 'X-Forwarded-For'",
    'only what has to do with the clocks of others reads the time of day, which may jump': 'at = Date.now();',
    'only what is generated knows where members of C structures are': 'pair.readInt32LE(4)',
    'nothing is left for later': `// ${MARKS[0]}: this`,
    'nothing is of the type that switches checking off': 'function f(a: any): void {}',
    'no error of the compiler is silenced': `// @${'ts'}-ignore`,
  };
  for (const [title, example] of Object.entries(examples)) {
    const rule = rules.find((candidate) => candidate.title === title);
    assert.ok(rule, title);
    assert.match((rule.view ?? String)(example), rule.pattern);
  }
});

test('an offset is found in all its forms', () => {
  const offsets = ['a.writeInt32LE(fd, 4)', 'a.readInt32LE(index * 4)', 'a.subarray(at + 16)', 'words[word + 1]'];
  const constants = [
    'words[word + SLOT]',
    'this.#words[READ]',
    'Atomics.load(this.#words, DONE)',
    'Atomics.load(words, 4)',
  ];
  for (const example of [...offsets, ...constants]) assert.match(example, OFFSET);
  const generated = [
    'words[word + FRONT_OP_SLOT_WORD]',
    'Atomics.load(this.#words, FRONT_RING_DONE_WORD)',
    'words[word]',
  ];
  for (const example of [
    ...generated,
    'a.readInt32LE()',
    'a.readInt32LE(0)',
    'a.readInt32LE(index * SIZES.s32)',
    'a.writeUInt32LE(128)',
    'list[index + more]',
  ])
    assert.doesNotMatch(example, OFFSET);
});
