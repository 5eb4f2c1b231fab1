// Needs root: it gives privileges up one at a time. Every way a start can fail says what to do.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type CommandResult, tryCommand } from '../../src/demo/command.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { needsRoot } from '../kit/node.ts';

const CLI = builtFile('main');

describe('a start that cannot succeed', needsRoot, () => {
  const runDir = `/run/metasteer-test-${process.pid}`;
  const config = `${runDir}/metasteer.yaml`;
  const base = `run_dir: ${runDir}\nnamespace: metasteer-test-${process.pid}\nagent: { socket: ${runDir}/agent.sock }\ndiscovery: { include: [] }\n`;

  before(() => mkdirSync(runDir, { recursive: true }));
  after(() => rmSync(runDir, { recursive: true, force: true }));

  /** Runs the daemon by way of another program; it must end by itself. */
  async function start(text: string, through: readonly string[] = []): Promise<CommandResult> {
    writeFileSync(config, text);
    const [command, ...args] = [...through, process.execPath, CLI, 'run', '-c', config];
    const result = await tryCommand(command ?? '', args);
    assert.equal(existsSync(`/run/netns/metasteer-test-${process.pid}`), false, 'no namespace is left');
    return result;
  }

  const rows: readonly {
    name: string;
    text?: string;
    through?: readonly string[];
    status: number;
    says: RegExp;
    code: string;
  }[] = [
    {
      name: 'an unknown key names file, line, key and the nearest known key',
      text: `${base}stering: {}\n`,
      status: 2,
      says: /metasteer\.yaml:5:1: stering: .*steering/,
      code: 'config-unknown-key',
    },
    {
      name: 'a wrong value names file, line, key and what is expected',
      text: `${base}steering:\n  attach: xdp\n`,
      status: 2,
      says: /metasteer\.yaml:6:11: steering\.attach: .*tcx/,
      code: 'config-invalid-value',
    },
    {
      name: 'without root',
      text: base,
      // Somebody who is not root, but owns these files, which may be in a folder of root's alone.
      through: ['unshare', '--user'],
      status: 1,
      says: /uid 65534/,
      code: 'not-root',
    },
    {
      name: 'without BPF',
      through: ['setpriv', '--bounding-set', '-bpf,-sys_admin'],
      status: 1,
      says: /the kernel refuses BPF maps: .*EPERM/,
      code: 'kernel-no-bpf',
    },
    {
      name: 'without the right to make a namespace',
      through: ['setpriv', '--bounding-set', '-sys_admin'],
      status: 1,
      says: /namespace .* cannot be made: .*EPERM/,
      code: 'namespace-failed',
    },
    {
      name: 'with a worker user that does not exist',
      text: `${base}worker: { user: no-such-user }\n`,
      status: 1,
      says: /no-such-user/,
      code: 'worker-user-unknown',
    },
    {
      name: 'with root as the worker user',
      text: `${base}worker: { user: root }\n`,
      status: 1,
      says: /root/,
      code: 'worker-user-root',
    },
    {
      name: 'with an admin socket where a file is',
      text: `${base}admin: { socket: ${config} }\n`,
      status: 1,
      says: /not a socket/,
      code: 'admin-socket-failed',
    },
  ];
  for (const { name, text = base, through = [], status, says, code } of rows) {
    it(name, async () => {
      const result = await start(text, through);
      assert.equal(result.status, status, result.stderr);
      assert.match(result.stderr, says);
      assert.match(result.stderr, new RegExp(`what to do: .*\\(${code}\\)`));
    });
  }

  it('with an admin socket that another process answers on', async () => {
    const path = `${runDir}/busy.sock`;
    const server = createServer().listen(path);
    const result = await start(`${base}admin: { socket: ${path} }\n`);
    server.close();
    assert.equal(result.status, 1);
    assert.match(result.stderr, /another process answers there/);
  });
});
