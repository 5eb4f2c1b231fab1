/** Which folder may know which: `docs/design.md` says why, this test holds it. */
import assert from 'node:assert/strict';
import { isBuiltin } from 'node:module';
import { describe, test } from 'node:test';
import { filesUnder, importsOf } from './sources.ts';

const FFI = 'src/kernel/ffi.ts';

const files = filesUnder('src', /\.ts$/);
const imports = files.flatMap((from) => importsOf(from).map((to) => ({ from, to })));

/** The folder under src/ that a path is in; for a file right under src/, the file. */
function areaOf(path: string): string {
  const [, area = ''] = path.split('/');
  return area;
}

function show(found: readonly { from: string; to: string }[]): string[] {
  return found.map(({ from, to }) => `${from} imports ${to}`);
}

/** Folders that may know only a few others. */
const closed: Readonly<Record<string, readonly string[]>> = {
  identity: [],
  link: ['identity'],
  kernel: ['identity', 'link', 'errors.ts'],
};

describe('imports go one way:', () => {
  test('the proxy knows neither the supervisor nor the kernel', () => {
    const found = imports.filter(
      ({ from, to }) => from.startsWith('src/proxy/') && /^src\/(control|kernel)\//.test(to),
    );
    assert.deepEqual(show(found), []);
  });

  test('the agent knows nothing of steering, and sockets nothing of either', () => {
    const found = imports.filter(
      ({ from, to }) =>
        (from.startsWith('src/agent/') && /^src\/(control|kernel|proxy|nova|demo|cli)\//.test(to)) ||
        (from.startsWith('src/unix/') && /^src\/(?!unix\/|errors\.ts)/.test(to)),
    );
    assert.deepEqual(show(found), []);
  });

  test('the embedded nova knows nothing of steering, and only the demo and its own command know it', () => {
    const found = imports.filter(({ from, to }) =>
      areaOf(from) === 'nova'
        ? /^src\/(control|kernel|proxy|demo|cli)\//.test(to)
        : to.startsWith('src/nova/') && areaOf(from) !== 'demo' && from !== 'src/cli/demo-nova.ts',
    );
    assert.deepEqual(show(found), []);
  });

  test(`only ${FFI} knows the ffi package`, () => {
    const found = imports.filter(({ from, to }) => from !== FFI && /^(ffi|ref)-|(^|\/)ffi-/.test(to));
    assert.deepEqual(show(found), []);
  });

  for (const [area, allowed] of Object.entries(closed)) {
    test(`src/${area} knows ${allowed.length === 0 ? 'only itself' : `itself, ${allowed.join(' and ')}`}`, () => {
      const found = imports.filter(({ from, to }) => {
        if (areaOf(from) !== area || isBuiltin(to) || (from === FFI && to === 'ffi-napi')) return false;
        return !to.startsWith('src/') || ![area, ...allowed].includes(areaOf(to));
      });
      assert.deepEqual(show(found), []);
    });
  }

  test('no two folders know each other, even by way of others', () => {
    const known = new Map<string, Set<string>>();
    for (const { from, to } of imports.filter(({ to }) => to.startsWith('src/'))) {
      if (areaOf(from) === areaOf(to)) continue;
      known.set(areaOf(from), (known.get(areaOf(from)) ?? new Set()).add(areaOf(to)));
    }
    assert.deepEqual(circleIn(known), []);
  });

  test('nothing outside src/ is imported', () => {
    assert.deepEqual(show(imports.filter(({ to }) => /^(test|bench|bpf|native|packaging)\//.test(to))), []);
  });
});

/** The first circle found, as the names on the way round; empty when there is none. */
function circleIn(known: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const done = new Set<string>();
  const visit = (area: string, way: readonly string[]): string[] => {
    if (way.includes(area)) return [...way.slice(way.indexOf(area)), area];
    if (done.has(area)) return [];
    for (const next of known.get(area) ?? []) {
      const circle = visit(next, [...way, area]);
      if (circle.length > 0) return circle;
    }
    done.add(area);
    return [];
  };
  for (const area of known.keys()) {
    const circle = visit(area, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
