/** No change of what C and TypeScript share stays unseen: whatever is swapped or changed in a header, `npm run check` fails. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { generate } from '../../packaging/border/generate.ts';
import { namesImported, namesIn } from '../../packaging/border/named.ts';
import * as headers from './headers.ts';
import { ROOT, read } from './sources.ts';

const LAYOUT = 'src/kernel/layout.gen.ts';
const FFI = 'src/kernel/ffi.gen.ts';

/** Not generated: only the BPF programs and the shim know it. */
const NOT_SHARED = ['ms_interface_key', 'ms_prefix_key', 'ms_forget', 'ms_ask', 'ms_answer'];

const named = namesImported(ROOT);
const structs = headers.structs.filter(({ name }) => !NOT_SHARED.includes(name));

type Change = readonly [headers.Declared, string];
/** Generated texts by path. */
type Generated = ReadonlyMap<string, string>;

function generated(changes: readonly Change[], names: ReadonlySet<string> = named): Generated {
  return headers.withTree(headers.changed(changes), [], (root) => generate(root, names));
}

/** What is generated of a structure; empty when nothing is. */
function ofStruct(texts: Generated, name: string): string {
  const [, found = ''] =
    new RegExp(`(/\\*\\*\\n \\* \`struct ${name}\`.*?)(?=\\n/\\*\\*\\n|$)`, 's').exec(texts.get(LAYOUT) ?? '') ?? [];
  return found;
}

/** What is generated of a function. */
function ofFunction(texts: Generated, name: string): string {
  return [...(texts.get(FFI) ?? '').matchAll(new RegExp(`.*\\n.*\\b${name}: .*`, 'g'))].join('\n');
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*.*?\*\//gs, '');
}

/** Whether code that TypeScript runs says where members of a structure are. */
function hasOffsets(text: string): boolean {
  return /^export (?:function|const \w+_WORDS)/m.test(text);
}

/** The check that all of these tests are about: which swapped structures are generated as before. */
function unseen(before: Generated, after: Generated, names: readonly string[]): readonly string[] {
  return names.filter((name) => {
    const [was, is] = [ofStruct(before, name), ofStruct(after, name)];
    return was === is || (hasOffsets(was) && withoutComments(was) === withoutComments(is));
  });
}

/** The same of functions. */
function unseenCalls(before: Generated, after: Generated, names: readonly string[]): readonly string[] {
  return names.filter((name) => withoutComments(ofFunction(before, name)) === withoutComments(ofFunction(after, name)));
}

/** All swaps of two parts of something. */
function swapsOf(declared: headers.Declared) {
  const { parts } = declared;
  return headers.pairs(parts.length).map(([one, other]) => ({
    change: [declared, headers.swapped(declared, [one, other])] as Change,
    widths: [headers.widthOf(parts[one] ?? ''), headers.widthOf(parts[other] ?? '')] as const,
    areNeighbours: other === one + 1,
  }));
}

/** The n-th change of everything, for all n: one run of the generator shows many changes, each in its own place. */
function rounds<Item>(lists: readonly (readonly Item[])[]): readonly (readonly Item[])[] {
  const most = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: most }, (_, nth) => lists.flatMap((list) => list.slice(nth, nth + 1)));
}

/** Whether the check fails: it does so by an error too. */
function isSeen(before: Generated, change: Change): boolean {
  const changed = headers.changed([change]);
  return headers.withTree(changed, [], (root) => {
    try {
      const after = generate(root, named);
      return [LAYOUT, FFI].some((path) => before.get(path) !== after.get(path));
    } catch (error) {
      assert.match(String(error), /hidden padding|static_assert|static assertion|not in the order/);
      return true;
    }
  });
}

describe('the border to C', () => {
  const before = generated([]);

  test('is generated as it is kept, from headers in which everything is found', () => {
    for (const path of [LAYOUT, FFI]) assert.equal(before.get(path), read(path));
    const declared = [...headers.HEADERS.values()].join('');
    assert.equal(headers.structs.length, declared.split(/^struct ms_\w+ \{/m).length - 1);
    assert.equal(headers.functions.length, declared.split(/^MS_EXPORT /m).length - 1);
    for (const { name, parts } of structs)
      assert.equal(ofStruct(before, name).match(/^ \* +\d+ {2}/gm)?.length, parts.length, name);
    assert.deepEqual(
      headers.structs.filter(({ name }) => ofStruct(before, name) === '').map(({ name }) => name),
      NOT_SHARED,
    );
  });

  test('changes with a swap of any two members of the same width, and of any two parameters of a function', () => {
    const members = structs.map((struct) => swapsOf(struct).filter(({ widths: [one, other] }) => one === other));
    const parameters = headers.functions.map(swapsOf);
    assert.ok(members.flat().length > 200, `${members.flat().length} swaps of members`);
    assert.ok(parameters.flat().length > 150, `${parameters.flat().length} swaps of parameters`);
    for (const round of rounds([...members, ...parameters])) {
      const after = generated(round.map(({ change }) => change));
      const names = round.map(({ change: [{ name }] }) => name);
      const swapped = (all: readonly headers.Declared[]) =>
        all.map(({ name }) => name).filter((name) => names.includes(name));
      assert.deepEqual(unseen(before, after, swapped(structs)), []);
      assert.deepEqual(unseenCalls(before, after, swapped(headers.functions)), []);
    }
  });

  test('changes, or is refused, with a swap of any two neighbours of different width', () => {
    const swaps = structs
      .flatMap(swapsOf)
      .filter(({ widths: [one, other], areNeighbours }) => areNeighbours && one !== other);
    assert.ok(swaps.length > 20, `${swaps.length} swaps`);
    for (const { change } of swaps) assert.ok(isSeen(before, change), change[1]);
  });

  test('changes with the sign of a member, and is refused with a member that is too narrow for its place', () => {
    const numbers = structs.filter(({ text }) => text.includes('\t__u32 '));
    const signs = numbers.map((struct): Change => [struct, struct.text.replace('\t__u32 ', '\t__s32 ')]);
    const after = generated(signs);
    for (const { name } of numbers) assert.notEqual(ofStruct(after, name), ofStruct(before, name), name);
    for (const struct of numbers.slice(0, 3))
      assert.throws(() => generated([[struct, struct.text.replace('\t__u32 ', '\t__u16 ')]]), struct.name);
  });

  test('changes with the type of a parameter', () => {
    const types: readonly (readonly [RegExp, string])[] = [
      [/__u32 (?=\w)/, '__s32 '],
      [/__s32 (?=\w)/, '__u32 '],
      [/const char \*/, 'const struct ms_map_sizes *'],
      [/struct ms_\w+ \*/, 'struct ms_strangers *'],
      [/__s32 \*/, '__u32 *'],
      [/__u32 \*/, '__u64 *'],
    ];
    for (const [from, to] of types) {
      const chosen = headers.functions.filter(({ text }) => from.test(text) && text.replace(from, to) !== text);
      assert.ok(chosen.length > 0, String(from));
      const after = generated(chosen.map((each): Change => [each, each.text.replace(from, to)]));
      const names = chosen.map(({ name }) => name);
      assert.deepEqual(unseenCalls(before, after, names), []);
    }
  });

  test('changes with the value of every macro and every constant that TypeScript imports', () => {
    const macros = headers.defines.filter(({ name }) => named.has(name));
    assert.ok(macros.length >= 6, `${macros.length} macros`);
    for (const macro of macros) assert.ok(isSeen(before, [macro, `#define ${macro.name} 7`]), macro.name);
    const used = headers.enums.filter(
      ({ name }) => named.has(name.replace(/^ms_/, '').toUpperCase()) || name === 'ms_verdict',
    );
    assert.ok(used.length >= 8, `${used.length} enumerations`);
    for (const each of used) assert.ok(isSeen(before, [each, each.text.replace(/ = \d+/, ' = 99')]), each.name);
  });

  test('moves the constants by which TypeScript reaches shared memory', () => {
    const names = new Set(['FRONT_OP_SLOT_WORD']);
    const op = structs.find(({ name }) => name === 'ms_front_op');
    assert.ok(op);
    const at = op.parts.findIndex((part) => part.includes(' slot;'));
    const words = (texts: Generated) =>
      ['SLOT', 'GENERATION'].map(
        (name) => new RegExp(`FRONT_OP_${name}_WORD = (\\d+);`).exec(texts.get(LAYOUT) ?? '')?.[1],
      );
    const [slot, generation] = words(generated([], names));
    assert.equal(Number(generation), Number(slot) + 1);
    assert.deepEqual(words(generated([[op, headers.swapped(op, [at, at + 1])]], names)), [generation, slot]);
    assert.throws(
      () => generated([], new Set(['PORT_WORDS'])),
      /busy_until_ns of struct ms_port is no word of 32 bits: u64 at 0/,
    );
  });

  test('would be seen to lack a structure: a generator that leaves one out misses its swaps', () => {
    const struct = structs.find(({ name }) => name === 'ms_port');
    assert.ok(struct);
    const fewer = new Set([...named].filter((name) => !/^(?:Port|readPort|writePort|PORT_BYTES)$/.test(name)));
    const swap: Change = [struct, headers.swapped(struct, [0, 1])];
    assert.deepEqual(unseen(before, generated([swap]), ['ms_port']), []);
    assert.deepEqual(unseen(generated([], fewer), generated([swap], fewer), ['ms_port']), ['ms_port']);
  });
});

describe('packaging/generate.sh', () => {
  /** The repository, as far as the generator and the compiler read it. */
  const COPIED = ['src', 'packaging/border', 'packaging/generate.sh', 'tsconfig.json', 'package.json'];

  function run(root: string, command: string, ...args: readonly string[]) {
    const { status, stdout, stderr } = spawnSync(join(root, command), args, { encoding: 'utf8', cwd: root });
    return { status, text: `${stdout}${stderr}` };
  }

  /** Runs with a repository of its own, in which all names are imported that are here. */
  function withRepository(changes: readonly Change[], inside: (root: string) => void): void {
    headers.withTree(headers.changed(changes), COPIED, (root) => {
      symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
      for (const folder of ['test', 'bench']) mkdirSync(join(root, folder));
      const list = [...named].join(', ');
      writeFileSync(join(root, 'bench/names.ts'), `export type { ${list} } from '../src/kernel/layout.gen.ts';\n`);
      inside(root);
    });
  }

  test('--check passes while nothing is changed', () => {
    withRepository([], (root) =>
      assert.deepEqual(run(root, 'packaging/generate.sh', '--check'), { status: 0, text: '' }),
    );
  });

  test('--check fails after a swap, and passes when the files are generated anew', () => {
    const port = structs.find(({ name }) => name === 'ms_port');
    assert.ok(port);
    withRepository([[port, headers.swapped(port, [0, 1])]], (root) => {
      const { status, text } = run(root, 'packaging/generate.sh', '--check');
      assert.equal(status, 1);
      assert.match(text, /layout\.gen\.ts is stale: run npm run generate/);
      assert.equal(run(root, 'packaging/generate.sh').status, 0);
      assert.notEqual(readFileSync(join(root, LAYOUT), 'utf8'), read(LAYOUT));
      assert.equal(run(root, 'packaging/generate.sh', '--check').status, 0);
    });
  });

  test('--check fails after a change of a parameter, and then the compiler where it is called', () => {
    const look = headers.functions.find(({ name }) => name === 'ms_netns_look');
    assert.ok(look);
    withRepository([[look, look.text.replace('__u32 *count', '__u64 *count')]], (root) => {
      assert.match(run(root, 'packaging/generate.sh', '--check').text, /ffi\.gen\.ts is stale: run npm run generate/);
      const compile = () => run(root, 'node_modules/.bin/tsc', '--noEmit', '-p', 'tsconfig.json');
      assert.equal(compile().text, '');
      assert.equal(run(root, 'packaging/generate.sh').status, 0);
      assert.match(compile().text, /^src\/kernel\/links\.ts\(\d+,\d+\): error TS2345: .*'Memory<"u32">'/m);
    });
  });
});

test('imports are read in all their forms', () => {
  // Not as it would be in a file, so that this one imports nothing of it.
  const from = (path: string) => `from '${path}';\n`;
  const source = `import {\n  type A,\n  B as C,\n} ${from('./layout.gen.ts')}import type { D } ${from('../kernel/layout.gen.ts')}`;
  assert.deepEqual(namesIn(`${source}import { E } ${from('./x.ts')}`), ['A', 'B', 'D']);
});
