/** The C header and the ffi declarations are written by hand on both sides; this holds them together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, withoutComments } from './sources.ts';

/** Functions with the number of their parameters, from prototypes such as `int ms_name(int a, const char *b);`. */
function declared(header: string): Map<string, number> {
  const found = withoutComments(header).matchAll(/^(?:MS_EXPORT )?int\s+(ms_\w+)\(([^)]*)\)/gm);
  return new Map(
    [...found].map(([, name = '', parameters = '']) => [name, parameters.trim() === 'void' ? 0 : items(parameters)]),
  );
}

/** The same from lines such as `ms_name: ['int', [a, b, c]]`. */
function bound(binding: string): Map<string, number> {
  const found = withoutComments(binding).matchAll(/\b(ms_\w+):\s*\[\s*'int',\s*\[([^\]]*)\]/g);
  return new Map([...found].map(([, name = '', parameters = '']) => [name, items(parameters)]));
}

function items(list: string): number {
  return list.split(',').filter((item) => item.trim() !== '').length;
}

function sorted(functions: ReadonlyMap<string, number>): string[] {
  return [...functions].map(([name, parameters]) => `${name}/${parameters}`).sort();
}

test('native/metasteer.h and src/kernel/ffi.ts have the same functions with as many parameters', () => {
  const functions = sorted(declared(read('native/metasteer.h')));
  assert.ok(functions.length > 0);
  assert.deepEqual(sorted(bound(read('src/kernel/ffi.ts'))), functions);
});

test('prototypes over several lines, without parameters and in comments are read right', () => {
  const header = '/* int ms_old(int a); */\nint ms_a(int a,\n\t const char *b);\nMS_EXPORT int ms_b(void);\n';
  assert.deepEqual(sorted(declared(header)), ['ms_a/2', 'ms_b/0']);
  const binding = "{ ms_a: ['int', [int, 'string']],\n ms_b: [\n'int', [],\n] }";
  assert.deepEqual(sorted(bound(binding)), ['ms_a/2', 'ms_b/0']);
});
