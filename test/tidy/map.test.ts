/** The README's map of the tree: a code block with lines such as `src/proxy/   the request path`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exists, foldersIn, foldersUnder, read } from './sources.ts';

/** Paths at the beginnings of the map's lines, without a slash at the end. */
function mapOf(readme: string): string[] {
  const blocks = [...readme.matchAll(/```\w*\n(.*?)```/gs)].map(([, block = '']) => block);
  const map = blocks.find((block) => /^\s*src\//m.test(block)) ?? '';
  return [...map.matchAll(/^\s*([\w.@-]+(?:\/[\w.@-]+)*\/|[\w.@-]+(?:\/[\w.@-]+)*\.\w+)(?=\s|$)/gm)].map(
    ([, path = '']) => path.replace(/\/$/, ''),
  );
}

describe('the map in README.md', () => {
  const paths = mapOf(read('README.md'));

  test('names every top folder and every folder under src/', () => {
    const folders = [...foldersIn(''), ...foldersUnder('src')];
    assert.deepEqual(
      folders.filter((folder) => !paths.includes(folder)),
      [],
    );
  });

  test('names nothing that is not there', () => {
    assert.deepEqual(
      paths.filter((path) => !exists(path)),
      [],
    );
  });
});

test('a map is read line by line, whatever else is in the block', () => {
  const readme =
    'x\n```\nnot this/\n```\n```text\nbpf/        the kernel\nsrc/cli/    verbs\n  src/errors.ts  codes\n```\n';
  assert.deepEqual(mapOf(readme), ['bpf', 'src/cli', 'src/errors.ts']);
});
