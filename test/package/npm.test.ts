// Needs root and what packaging/test-package.sh makes. The npm package where there is no compiler and no registry.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCommand } from '../../src/demo/command.ts';
import { packageVersion } from '../../src/version.ts';
import { TestNode } from '../kit/node.ts';
import { type Call, configFor, needsPackages, PACKAGES, run, serves } from './installed.ts';

describe('the npm package', needsPackages, () => {
  let node: TestNode;
  let folder: string;
  let bare: Call;

  before(async () => {
    node = await TestNode.build();
    folder = mkdtempSync('/var/tmp/metasteer-npm-');
    node.undo('the folder', () => rmSync(folder, { recursive: true }));
    // All the programs there are.
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    const npm = (await runCommand('sh', ['-c', 'command -v npm'])).trim();
    symlinkSync(realpathSync(npm), join(bin, 'npm'));
    symlinkSync(realpathSync('/bin/sh'), join(bin, 'sh'));
    for (const name of ['env', 'id', 'getent']) symlinkSync(`/usr/bin/${name}`, join(bin, name));
    bare = { command: [], env: { PATH: bin, HOME: folder } };
  });
  after(() => node.remove());

  it('installs without a compiler and without a registry', () => {
    const [name = ''] = readdirSync(PACKAGES).filter((each) => each.endsWith('.tgz'));
    writeFileSync(join(folder, 'package.json'), '{}');
    const options = ['--offline', '--no-audit', '--no-fund', '--prefix', folder];
    run(bare, join(folder, 'bin/npm'), 'install', ...options, join(PACKAGES, name));
  });

  it('serves two routers', async () => {
    const metasteer: Call = { ...bare, command: [join(folder, 'node_modules/.bin/metasteer')] };
    assert.equal(run(metasteer, 'version'), `metasteer ${packageVersion()}\n`);
    const file = join(folder, 'metasteer.yaml');
    writeFileSync(file, configFor(node));
    await serves(node, metasteer, file);
  });
});
