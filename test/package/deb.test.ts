// Needs root and what packaging/test-package.sh makes. The Debian packages in a Debian where nothing else is.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageVersion } from '../../src/version.ts';
import { TestNode } from '../kit/node.ts';
import {
  type Call,
  configFor,
  doctorsWarnings,
  enter,
  needsPackages,
  PACKAGES,
  ROOT_TREE,
  run,
  serves,
} from './installed.ts';

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
  /** Runs programs of the fresh Debian. */
  let inside: Call;
  let metasteer: Call;
  let fresh: readonly string[];
  before(async () => {
    node = await TestNode.build();
    inside = enter(node, ROOT_TREE);
    metasteer = { ...inside, command: [...inside.command, 'metasteer'] };
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

  it('find the machine good, or say what is wrong with it', () => {
    const file = '/etc/metasteer/test.yaml';
    writeFileSync(join(ROOT_TREE, file), configFor(node));
    assert.deepEqual(doctorsWarnings(metasteer, file), []);
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
