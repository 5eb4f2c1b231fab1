// Needs root: network namespaces and BPF; and haproxy. Runs the commands of docs/trial.md as they are written, under load.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCommand } from '../../src/demo/command.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { KeepAliveAgent, reply } from '../kit/agents.ts';
import { CurlLoop } from '../kit/curl-loop.ts';
import { NeutronHaproxy } from '../kit/haproxy.ts';
import { isRoot, TestNode, until } from '../kit/node.ts';
import { unlessThere } from '../kit/peers.ts';
import { read } from '../tidy/sources.ts';

const skip = isRoot ? unlessThere('haproxy') : 'needs root';
const DOCUMENT = 'docs/trial.md';

/** The commands of the document, in its order. */
const COMMANDS = [...read(DOCUMENT).matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block);

describe(`the trial of ${DOCUMENT}`, { skip }, () => {
  let node: TestNode;
  let config: string;
  let agent: KeepAliveAgent;

  before(async () => {
    node = await TestNode.build();
    config = node.runDir.file('etc/trial.yaml');
    mkdirSync(node.runDir.file('etc'));
    const theirs = await KeepAliveAgent.start(node.runDir.file('their-agent.sock'), () => reply('haproxy'));
    agent = await KeepAliveAgent.start(node.runDir.file('our-agent.sock'), () => reply('metasteer'));
    for (const each of [theirs, agent]) {
      chmodSync(each.path, 0o666);
      node.undo('an agent', () => each.stop());
    }
    const haproxy = await NeutronHaproxy.start(node.blue.router, node.runDir, theirs.path);
    node.undo('haproxy', () => haproxy.stop());
    const bin = node.runDir.file('bin');
    mkdirSync(bin);
    const program = `#!/bin/sh\nexec ${process.execPath} ${builtFile('main')} "$@"\n`;
    writeFileSync(join(bin, 'metasteer'), program, { mode: 0o755 });
  });
  after(() => node.remove());

  /** A command for this node: its router, its agent, and a folder that is not the machine's. */
  function here(command: string): string {
    const text = command
      .replaceAll('/etc/metasteer/trial.yaml', config)
      .replaceAll('/var/lib/neutron/metadata_proxy', agent.path);
    return `set -e; PATH=${node.runDir.file('bin')}:$PATH; ROUTER=${node.blue.router.uuid}\n${text}`;
  }

  /** Runs it; gives what it said. @throws {CommandError} */
  function type(command: string): Promise<string> {
    return runCommand('bash', ['-c', here(command)]);
  }

  it('moves requests to metasteer and back, and none fails', async () => {
    assert.equal(COMMANDS.length, 8);
    const [list = '', choose = '', write = '', start = '', look = '', counter = '', remove = '', left = ''] = COMMANDS;
    assert.match(await type(list), new RegExp(node.blue.router.uuid));
    assert.match(choose, /^ROUTER=[0-9a-f-]{36}\n$/);

    const loop = new CurlLoop(node.runDir, 'trial', node.blue.instance.namespace);
    await until('haproxy answers', () => loop.answers.length > 20);
    assert.match(await type(write), /is valid/);
    // Not of the document: another daemon of this machine may have the default names.
    const namespace = `ms${process.pid}-trial`;
    writeFileSync(config, `${readFileSync(config, 'utf8')}run_dir: ${node.runDir.path}\nnamespace: ${namespace}\n`);
    node.runDir.recordNamespace(namespace);

    const stdio = ['ignore', 'ignore', 'inherit'] as const;
    const terminal = spawn('bash', ['-c', here(start)], { stdio: [...stdio], detached: true });
    const ended = once(terminal, 'exit');
    await until('it is steering', async () => / steering /.test(await type(look)));
    const asked = loop.answers.length;
    const ours = () => loop.answers.slice(asked).filter((who) => who === 'metasteer').length;
    await until('metasteer answers', () => ours() > 20);
    const redirected = await type(counter);
    const before = ours();
    await until('it answers more', () => ours() > before + 20);
    assert.equal(await type(counter), redirected, 'the rules of Neutron see none of it');

    // Ctrl-C goes to all that run in the terminal.
    process.kill(-(terminal.pid ?? 0), 'SIGINT');
    await ended;
    await until('haproxy answers again', () => loop.answers.slice(-20).every((who) => who === 'haproxy'));
    await loop.stop();
    assert.deepEqual(
      loop.answers.filter((who) => who !== 'haproxy' && who !== 'metasteer'),
      [],
    );
    await type(remove);
    assert.doesNotMatch(await type(left), new RegExp(namespace));
  });
});
