// Needs root: network namespaces and BPF. The doctor on a node with routers, agent, and programs of others.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { tryCommand } from '../../src/demo/command.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { needsRoot, TestNode } from '../kit/node.ts';
import { ROOT } from '../tidy/sources.ts';

/** To tc it is a file with a program: it gives the filter a name that is not ours. */
const OBJECT = join(ROOT, 'bpf/build/restore.bpf.o');
const CLI = builtFile('main');

describe('metasteer doctor', needsRoot, () => {
  let node: TestNode;
  let config: string;

  before(async () => {
    node = await TestNode.build();
    const include = node.stage.tenants.map(({ router }) => router.uuid);
    config = node.runDir.file('doctor.yaml');
    // A user that is somebody's own: which one it is by itself depends on the machine.
    const worker = { user: 'daemon' };
    writeFileSync(config, stringify({ agent: { socket: node.stage.agentSocket }, worker, discovery: { include } }));
  });
  after(() => node.remove());

  async function doctor(): Promise<{ readonly status: number | null; readonly findings: readonly Finding[] }> {
    const { status, stdout } = await tryCommand(process.execPath, [CLI, 'doctor', '-c', config, '--json']);
    return { status, findings: (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings };
  }

  const failures = (findings: readonly Finding[]) => findings.filter(({ result }) => result !== 'ok');

  it('finds a good node good, and leaves nothing behind', async () => {
    const before = readdirSync('/run/netns').filter((name) => name.startsWith('metasteer-doctor-'));
    const { status, findings } = await doctor();
    assert.deepEqual(failures(findings), []);
    assert.equal(status, 0);
    assert.ok(findings.some(({ message }) => message === '2 selected, of kind veth'));
    const left = readdirSync('/run/netns').filter((name) => name.startsWith('metasteer-doctor-'));
    assert.deepEqual(left, before);
  });

  it('finds filters of others, but not ours', async () => {
    const daemon = await node.startSteering({ steering: { attach: 'clsact' } });
    assert.deepEqual(failures((await doctor()).findings), []);
    assert.ok(await daemon.stop());
    const { namespace, port } = node.blue.router;
    await namespace.run('tc', ['qdisc', 'add', 'dev', port.interface, 'clsact']);
    await namespace.run('tc', [
      'filter',
      'add',
      'dev',
      port.interface,
      'ingress',
      'bpf',
      'da',
      'obj',
      OBJECT,
      'sec',
      'tc',
    ]);
    const found = failures((await doctor()).findings);
    await namespace.run('tc', ['qdisc', 'del', 'dev', port.interface, 'clsact']);
    assert.deepEqual(
      found.map(({ result }) => result),
      ['warning'],
    );
    assert.match(found[0]?.message ?? '', new RegExp(`tc filters of others on ${namespace.name}/${port.interface}`));
  });
});
