// Needs root: network namespaces and BPF. Another version that cannot take over leaves the one that runs as it is.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { programTags } from '../kit/bpf-objects.ts';
import { curl, METADATA_V4, needsRoot, TestNode, until } from '../kit/node.ts';
import { identities, operate } from '../kit/operator.ts';
import { OtherVersion } from '../kit/other-version.ts';

describe('an upgrade that fails', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;

  before(async () => {
    node = await TestNode.build();
    daemon = await node.startSteering();
  });
  after(() => node.remove());

  const bad: readonly [string, (other: OtherVersion) => void, RegExp][] = [
    [
      'has another layout of the maps',
      (other) => other.change('dist/src/kernel/layout.gen.js', /MS_ABI_VERSION: \d+/, 'MS_ABI_VERSION: 99'),
      /have layout \d+, version 9\.9\.9 needs 99[\s\S]*\(upgrade-refused\)/,
    ],
    [
      'cannot load its programs',
      (other) => writeFileSync(join(other.folder, 'bpf/build/steer.bpf.o'), 'no object'),
      /\(bpf-load-failed\)/,
    ],
    [
      'ends at once',
      (other) => writeFileSync(other.main, 'process.exit(7);'),
      /ended with exit status 7 before it said why[\s\S]*\(upgrade-failed\)/,
    ],
    [
      'is killed when it has everything',
      (other) =>
        other.change(
          'dist/src/control/take-over.js',
          /\/\/ The point of no return\./,
          "process.kill(process.pid, 'SIGKILL');",
        ),
      /ended with SIGKILL/,
    ],
    ['is not there', (other) => rmSync(other.main), /\(upgrade-failed\)/],
  ];
  for (const [how, spoil, message] of bad) {
    it(`because the other version ${how} changes nothing`, async () => {
      const other = new OtherVersion();
      try {
        spoil(other);
        const before = await identities(daemon);
        const { status, stderr } = await operate(daemon, 'upgrade', '--binary', other.main);
        assert.equal(status, 1, stderr);
        assert.match(stderr, message);
        assert.equal((await daemon.status()).daemon.pid, daemon.pid);
        assert.equal(await identities(daemon), before);
        assert.equal((await curl(node.blue, `${METADATA_V4}/`)).status, 200);
        const told = (await daemon.status()).events.map(({ event }) => event);
        assert.ok(
          told.some((event) => /^not upgraded, this daemon goes on: /.test(event)),
          told.join('\n'),
        );
        // What was held up for the other version goes on.
        await operate(daemon, 'drain', node.green.router.uuid);
        await operate(daemon, 'undrain');
        await until('it is steered again', async () =>
          (await daemon.status()).ports.every(({ state }) => state === 'steering'),
        );
      } finally {
        other.remove();
      }
    });
  }

  it('because its configuration is not valid changes nothing', async () => {
    const file = node.runDir.file('bad.yaml');
    writeFileSync(file, 'agent: { sokcet: /run/agent.sock }\n');
    const { status, stderr } = await operate(daemon, 'upgrade', '-c', file);
    assert.equal(status, 2);
    assert.match(stderr, /bad\.yaml:1:10: agent\.sokcet: unknown key/);
    assert.equal((await daemon.status()).daemon.pid, daemon.pid);
  });
});

for (const attach of ['tcx', 'clsact'] as const) {
  describe(`an upgrade that fails after the other version attached its programs by ${attach}`, needsRoot, () => {
    let node: TestNode;
    let daemon: Daemon;
    let other: OtherVersion;

    before(async () => {
      node = await TestNode.build();
      daemon = await node.startSteering({ steering: { attach } });
      other = new OtherVersion();
      node.undo('other version', () => other.remove());
      other.changeAttachedPrograms();
    });
    after(() => node.remove());

    it('leaves those of the one that goes on, in every place', async () => {
      const before = await programTags(daemon.pid);
      const pointOfNoReturn = /\/\/ The point of no return\./;
      other.change('dist/src/control/take-over.js', pointOfNoReturn, "process.kill(process.pid, 'SIGKILL');");
      const { status, stderr } = await operate(daemon, 'upgrade', '--binary', other.main);
      assert.equal(status, 1, stderr);
      await until('nothing of the other version is left', async () => (await programTags(daemon.pid)) === before);
      for (const tenant of node.stage.tenants) assert.equal((await curl(tenant, `${METADATA_V4}/`)).status, 200);
      // What was held up for the other version goes on.
      assert.equal((await operate(daemon, 'drain', node.green.router.uuid)).status, 0);
      assert.equal((await operate(daemon, 'undrain')).status, 0);
    });
  });
}
