/** The daemon as a package installs it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchStatus } from '../../src/cli/admin-client.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { isRoot, type TestNode, until, whoAmI } from '../kit/node.ts';

/** Where packaging/test-package.sh has put the packages, and a fresh Debian. */
export const PACKAGES = process.env['PACKAGES'] ?? '';
export const ROOT_TREE = process.env['ROOT'] ?? '';

/** Both take minutes to make, so these tests run when asked for. */
export const needsPackages = { skip: PACKAGES !== '' && isRoot ? false : 'npm run test:package makes what it needs' };

/** How a program is called, and in which environment. */
export interface Call {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Runs it to its end. @returns what it said @throws {AssertionError} when it fails */
export function run({ command, env }: Call, ...more: readonly string[]): string {
  const [program = '', ...args] = [...command, ...more];
  const { status, stdout, stderr, error } = spawnSync(program, args, { env, encoding: 'utf8', timeout: 120_000 });
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}${stdout}${error?.message ?? ''}`);
  return stdout;
}

const HOST: Call = { command: [], env: process.env };

/**
 * Has a tree of another Debian see of this machine what the daemon works on, until the node is removed.
 *
 * @returns how programs of that tree are called
 */
export function enter(node: TestNode, root: string): Call {
  const mounted: string[] = [];
  node.undo('mounts', () => {
    for (const target of mounted) run(HOST, 'umount', '--recursive', '--lazy', target);
  });
  const show = (path: string, option: string) => {
    const target = join(root, path);
    mkdirSync(target, { recursive: true });
    run(HOST, 'mount', option, path, target);
    // What is mounted or unmounted there must not be so here: namespaces of others are among it.
    run(HOST, 'mount', '--make-rslave', target);
    mounted.unshift(target);
  };
  // The root of what runs there must be a mount, as every machine's is.
  run(HOST, 'mount', '--bind', root, root);
  mounted.unshift(root);
  show('/proc', '--bind');
  show('/dev', '--bind');
  // The number of processors is read there.
  show('/sys', '--bind');
  show('/run/netns', '--rbind');
  show(node.runDir.path, '--bind');
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  return { command: ['chroot', root], env };
}

/** The text of a configuration for a test node. JSON is YAML. */
export function configFor(node: TestNode): string {
  return JSON.stringify({
    run_dir: node.runDir.path,
    namespace: `ms${process.pid}-packaged`,
    agent: { socket: node.stage.agentSocket },
    discovery: { include: node.stage.tenants.map(({ router }) => router.uuid) },
  });
}

/** What `metasteer doctor` does not find good; none of it failures. @throws {AssertionError} when it does not run, or finds one */
export function doctorsWarnings(metasteer: Call, configFile: string): readonly string[] {
  const { findings } = JSON.parse(run(metasteer, 'doctor', '-c', configFile, '--json')) as {
    readonly findings: readonly Finding[];
  };
  assert.ok(findings.length > 5, `${findings.length} checks`);
  return findings.filter(({ result }) => result !== 'ok').map(({ area, message }) => `${area}: ${message}`);
}

/** Starts the daemon, lets both tenants ask, and stops it. */
export async function serves(node: TestNode, { command, env }: Call, configFile: string): Promise<void> {
  node.runDir.recordNamespace(`ms${process.pid}-packaged`);
  const [program = '', ...args] = [...command, 'run', '-c', configFile];
  const child: ChildProcess = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    const steering = async () => {
      const { document } = await fetchStatus(node.runDir.file('admin.sock'));
      return document.ports.filter(({ state }) => state === 'steering').length === 2;
    };
    await until('both routers are steered', steering);
    for (const tenant of [node.blue, node.green]) assert.equal(await whoAmI(tenant), tenant.known.uuid);
  } finally {
    child.kill('SIGTERM');
  }
  const [code] = await exited;
  assert.equal(code, 0);
}
