// Needs root: network namespaces and BPF. What operators look at while the daemon runs.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { runCommand, tryCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { needsRoot, TestNode, whoAmI } from '../kit/node.ts';

const CLI = builtFile('main');

describe('while the daemon runs', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;

  before(async () => {
    node = await TestNode.build();
    daemon = await node.startSteering();
  });
  after(() => node.remove());

  const run = (...args: readonly string[]) =>
    runCommand(process.execPath, [CLI, ...args, '--socket', daemon.adminSocket]);

  it('top prints one frame for people or programs', async () => {
    const looking = run('top', '--once', '--json', '--interval', '3');
    await whoAmI(node.blue);
    const frame = JSON.parse(await looking) as { readonly ports: readonly { readonly owner: string }[] };
    assert.deepEqual(
      frame.ports.map(({ owner }) => owner).sort(),
      [node.blue.router.uuid, node.green.router.uuid].sort(),
    );
    const text = await run('top', '--once', '--interval', '0.1', '--sort', 'owner');
    assert.match(text, /^metasteer [\d.]+, up \d+ s, 2 of 2 ports steered, 1 of 1 workers\n/);
  });

  it('top says that it needs a terminal for more', async () => {
    const { status, stderr } = await tryCommand(process.execPath, [CLI, 'top', '--socket', daemon.adminSocket]);
    assert.equal(status, 2);
    assert.match(stderr, /needs a terminal/);
  });

  it('list names every interface', async () => {
    const lines = (await run('list')).trimEnd().split('\n');
    assert.equal(lines.length, 3);
    assert.match(lines[0] ?? '', /^OWNER +KIND +INTERFACE +STATE$/);
    const ports = JSON.parse(await run('list', '--json')) as readonly { readonly interface: string }[];
    assert.ok(ports.some((port) => port.interface === node.blue.router.port.interface));
  });
});
