// Needs root and what packaging/test-package.sh makes. The Debian packages in a Debian where nothing else is.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageVersion } from '../../src/version.ts';
import { TestNode } from '../kit/node.ts';
import { type Call, configFor, needsPackages, PACKAGES, ROOT_TREE, run, serves } from './installed.ts';

const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
const host: Call = { command: [], env: process.env };
/** Runs programs of the fresh Debian. */
const inside: Call = { command: ['chroot', ROOT_TREE], env };
const metasteer: Call = { command: [...inside.command, 'metasteer'], env };

/** Every file and link of the fresh Debian, but for what dpkg notes, logs and mounts. */
function filesOf(root: string): readonly string[] {
  const kept = 'proc|sys|dev|tmp|run/netns|run/metasteer-test-\\d+|var/lib/dpkg|var/log|var/cache|etc/ld.so.cache';
  const { stdout } = spawnSync('find', [root, '-xdev', '-printf', '%P %l\n'], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !new RegExp(`^(${kept})[/ ]`).test(line))
    .sort();
}

describe('the Debian packages', needsPackages, () => {
  let node: TestNode;
  let fresh: readonly string[];
  const mounted: string[] = [];

  /** Shows a folder of this machine at the same place in the fresh Debian. */
  function show(path: string, ...options: readonly string[]): void {
    const target = join(ROOT_TREE, path);
    mkdirSync(target, { recursive: true });
    run(host, 'mount', ...options, path, target);
    // What is mounted or unmounted there must not be so here: namespaces of others are among it.
    run(host, 'mount', '--make-rslave', target);
    mounted.unshift(target);
  }

  before(async () => {
    node = await TestNode.build();
    node.undo('mounts', () => {
      for (const target of mounted) run(host, 'umount', '--recursive', '--lazy', target);
    });
    // The root of what runs there must be a mount, as every machine's is.
    run(host, 'mount', '--bind', ROOT_TREE, ROOT_TREE);
    mounted.unshift(ROOT_TREE);
    show('/proc', '--bind');
    show('/dev', '--bind');
    // The number of processors is read there.
    show('/sys', '--bind');
    show('/run/netns', '--rbind');
    show(node.runDir.path, '--bind');
    writeFileSync(join(ROOT_TREE, 'usr/sbin/haproxy'), '#!/bin/sh\necho the real one\n', { mode: 0o755 });
    fresh = filesOf(ROOT_TREE);
  });
  after(() => node.remove());

  it('install, and start nothing', () => {
    const names = readdirSync(PACKAGES).filter((name) => name.endsWith('.deb'));
    assert.equal(names.length, 2);
    for (const name of names) copyFileSync(join(PACKAGES, name), join(ROOT_TREE, 'tmp', name));
    run(inside, 'dpkg', '-i', ...names.map((name) => `/tmp/${name}`));
    assert.deepEqual(
      readdirSync(join(ROOT_TREE, 'etc/systemd/system'), { recursive: true }).filter((name) =>
        /metasteer/.test(String(name)),
      ),
      [],
    );
  });

  it('answer for themselves', () => {
    assert.equal(run(metasteer, 'version'), `metasteer ${packageVersion()}\n`);
    const sample = '/etc/metasteer/metasteer.yaml';
    assert.equal(run(metasteer, 'check-config', sample), `${sample} is valid\n`);
  });

  it('serve two routers', async () => {
    const file = '/etc/metasteer/test.yaml';
    writeFileSync(join(ROOT_TREE, file), configFor(node));
    await serves(node, metasteer, file);
    rmSync(join(ROOT_TREE, file));
  });

  it('put the shim in the place of haproxy when asked, and leave the real one', () => {
    const divert = '/usr/lib/metasteer/haproxy-divert';
    for (const _ of [1, 2]) run(inside, divert, 'on');
    assert.match(run(inside, divert, 'status'), /is metasteer's/);
    // For arguments that are not Neutron's.
    assert.equal(run(inside, 'haproxy', '-v'), 'the real one\n');
    assert.match(readlinkSync(join(ROOT_TREE, 'usr/sbin/haproxy')), /metasteer-haproxy$/);
  });

  it('install again over themselves', () => {
    const names = readdirSync(join(ROOT_TREE, 'tmp')).filter((name) => name.endsWith('.deb'));
    run(inside, 'dpkg', '-i', ...names.map((name) => `/tmp/${name}`));
  });

  it('leave nothing when they are purged, and haproxy where it was', () => {
    run(inside, 'dpkg', '--purge', 'metasteer', 'metasteer-node');
    const left = new Set(filesOf(ROOT_TREE));
    assert.deepEqual(
      { more: [...left].filter((line) => !fresh.includes(line)), less: fresh.filter((line) => !left.has(line)) },
      { more: [], less: [] },
    );
    assert.equal(run(inside, 'haproxy'), 'the real one\n');
  });
});
