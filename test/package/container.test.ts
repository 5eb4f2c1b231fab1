// Needs root, buildah and what packaging/test-package.sh makes. The image of packaging/container/Containerfile: what it says of
// itself, and that the daemon in it serves. No container runtime is used: its programs run in a chroot.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { packageVersion } from '../../src/version.ts';
import { TestNode } from '../kit/node.ts';
import { type Call, configFor, doctorsWarnings, enter, run, serves } from './installed.ts';

/** Where packaging/test-package.sh has built the image. */
const STORE = process.env['IMAGE_STORE'] ?? '';
const IMAGE = 'localhost/metasteer';
const needsImage = { skip: STORE === '' ? 'npm run test:package makes the image, where buildah is installed' : false };

const buildah: Call = {
  command: ['buildah', '--root', `${STORE}/root`, '--runroot', `${STORE}/run`, '--storage-driver', 'vfs'],
  env: process.env,
};

interface Inspected {
  readonly OCIv1: { readonly config: Readonly<Record<string, unknown>> };
}

describe('the container image', needsImage, () => {
  let node: TestNode;
  let container: string;

  before(async () => {
    node = await TestNode.build();
    container = run(buildah, 'from', IMAGE).trim();
    node.undo('the container', () => void run(buildah, 'rm', container));
  });
  after(() => node.remove());

  it('starts the daemon with the configuration that is mounted', () => {
    const { config } = (JSON.parse(run(buildah, 'inspect', '--type', 'image', IMAGE)) as Inspected).OCIv1;
    assert.deepEqual(
      [config['Entrypoint'], config['Cmd'], config['StopSignal'], config['Volumes']],
      [
        ['/usr/bin/metasteer'],
        ['run', '-c', '/etc/metasteer/metasteer.yaml'],
        'SIGTERM',
        { '/run/metasteer': {}, '/var/lib/neutron': {} },
      ],
    );
  });

  it('has the daemon, which answers for itself', () => {
    const command = [...buildah.command, 'run', '--isolation', 'chroot', container, '/usr/bin/metasteer'];
    assert.equal(run({ ...buildah, command }, 'version'), `metasteer ${packageVersion()}\n`);
  });

  it('finds the machine good, or says what is wrong with it, and serves two routers', async () => {
    const inside = enter(node, run(buildah, 'mount', container).trim());
    const metasteer: Call = { ...inside, command: [...inside.command, '/usr/bin/metasteer'] };
    const file = node.runDir.file('container.yaml');
    writeFileSync(file, configFor(node));
    assert.deepEqual(doctorsWarnings(metasteer, file), []);
    await serves(node, metasteer, file);
  });
});
