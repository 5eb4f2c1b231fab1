/** What the launcher of workers makes of its arguments, and what it leaves of the mounts. The latter needs root. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import { needsRoot } from '../kit/node.ts';
import { ROOT } from '../tidy/sources.ts';

const LAUNCHER = join(ROOT, 'native/build/metasteer-launch');
const NOBODY = '65534';
/** Names, mountpoint, code, the agent's folder, libraries. */
const NOWHERE = ['/', '/', '/', '', ''];
const folder = mkdtempSync(join(tmpdir(), 'metasteer-launch-'));
after(() => rmSync(folder, { recursive: true }));

describe('the launcher starts nothing for', () => {
  const cases: readonly [title: string, uid: string, gid: string, groups: string, said: RegExp][] = [
    ['root', '0', NOBODY, '', /must not be root/],
    ['a user that is root to who keeps 32 bits of it', '4294967296', NOBODY, '', /4294967296: Numerical result/],
    ['a group that is root’s to who keeps 32 bits of it', NOBODY, '4294967296', '', /4294967296: Numerical result/],
    ['a further group that is', NOBODY, NOBODY, '5,4294967296', /4294967296: Numerical result/],
    ['a user below zero', '-1', NOBODY, '', /-1: Numerical result/],
    ['a group that means none', NOBODY, '4294967295', '', /4294967295: Numerical result/],
    ['a group that is none', NOBODY, 'nogroup', '', /nogroup: Invalid argument/],
    ['nobody at all', '', NOBODY, '', /: Invalid argument/],
  ];
  for (const [title, uid, gid, groups, said] of cases) {
    test(title, () => {
      const { status, stderr } = spawnSync(LAUNCHER, ['off', uid, gid, groups, '/none', ...NOWHERE, '/bin/true', ''], {
        encoding: 'utf8',
      });
      assert.equal(status, 70);
      assert.match(stderr, said);
    });
  }
});

describe('the process it becomes', needsRoot, () => {
  /** What a program prints that the launcher becomes, where a namespace is mounted under each of these names. */
  function becomes(names: readonly string[], groups: string, program: readonly string[]): string {
    const made = mkdtempSync(join(folder, 'mounts-'));
    for (const name of ['names', 'code', 'here']) mkdirSync(join(made, name));
    const mounts =
      'cd "$1" && shift; while [ "$1" != -- ]; do : >"$1" && mount --bind /proc/self/ns/net "$1"; shift; done; shift';
    const paths = [join(made, 'names'), join(made, 'here'), join(made, 'code'), '', ''];
    const launcher = [LAUNCHER, 'off', NOBODY, NOBODY, groups, '/proc/self/ns/net', ...paths, ...program];
    const stage = ['--mount', 'sh', '-c', `${mounts}; exec "$@"`, 'sh', made, ...names, '--', ...launcher];
    const { status, stdout, stderr } = spawnSync('unshare', stage, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    assert.equal(status, 0, stderr);
    return stdout;
  }

  it('sees no network namespace, whatever the name of its mount', () => {
    const mounts = becomes(['plain', 'a blank', 'a\ttab', 'back\\slash', 'line\nend'], '', [
      '/bin/cat',
      '/proc/self/mountinfo',
    ]);
    assert.match(mounts, / - /);
    assert.doesNotMatch(mounts, / - nsfs /);
  });

  it('has all further groups it was given, also more than 256', () => {
    const groups = Array.from({ length: 300 }, (_, index) => 1000 + index);
    const status = becomes([], groups.join(','), ['/bin/cat', '/proc/self/status']);
    assert.deepEqual(/^Groups:\t(.*)$/m.exec(status)?.[1]?.trim().split(' ').map(Number), groups);
  });
});
