// Needs the shim, but no privileges. Connections to the agent in the hands of the front.
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Front } from '../../src/kernel/front.ts';
import type { Link, LinkUser } from '../../src/link/link.ts';
import { socketDirectory } from '../kit/agents.ts';

const BYTES = Buffer.alloc(100_000, 'reply');

/** Collects what it is told. */
class Told implements LinkUser {
  readonly chunks: Buffer[] = [];
  readonly ends: string[] = [];
  readonly #over: () => void;

  constructor(over: () => void) {
    this.#over = over;
  }

  received(chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  peerEnded(): void {
    this.ends.push('ended');
    this.#over();
  }

  gone(code = 'gone'): void {
    this.ends.push(code);
    this.#over();
  }

  drained(): void {}
  stalled(): void {}
  weEnded(): void {}
}

describe('a connection to the agent over the front', () => {
  const directory = socketDirectory();
  const path = join(directory.path, 'agent');
  const front = new Front({ connections: 4, agentConnections: 4, agentPath: path, unackedMs: 1000 });
  let server: Server;
  let accepted: Promise<Socket>;

  before(async () => {
    server = createServer();
    accepted = new Promise((resolve) => server.once('connection', resolve));
    await new Promise<void>((resolve) => server.listen(path, resolve));
  });
  after(() => {
    front.close();
    server.close();
    directory.remove();
  });

  test('that is paused when the agent writes and leaves gives all of it when it is resumed', async () => {
    const link = await dial(front);
    let settle = () => {};
    const ended = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const told = new Told(() => settle());
    link.serve(told);
    link.pause();
    await turns();
    const agent = await accepted;
    agent.end(BYTES, () => agent.destroy());
    await new Promise((resolve) => agent.once('close', resolve));
    await turns();
    assert.deepEqual([told.chunks.length, told.ends], [0, []]);
    link.resume();
    await ended;
    assert.deepEqual(Buffer.concat(told.chunks), BYTES);
    link.destroy();
  });

  test('tells why there is none', async () => {
    const other = new Front({ connections: 1, agentConnections: 1, agentPath: `${path}-absent`, unackedMs: 1000 });
    await assert.rejects(dial(other), { message: `ENOENT: connect ENOENT ${path}-absent` });
    other.close();
  });

  test('is not to be had beyond those that are kept for it and free', async () => {
    const links = await Promise.all(Array.from({ length: 4 }, () => dial(front)));
    await assert.rejects(dial(front), { message: `EMFILE: connect EMFILE ${path}` });
    for (const link of links) link.destroy();
    await turns();
    (await dial(front)).destroy();
  });
});

function dial(front: Front): Promise<Link> {
  return new Promise((resolve, reject) => {
    front.dial({
      connected: resolve,
      connectFailed: (code, message) => reject(new Error(`${code}: ${message}`)),
    });
  });
}

/** Long enough for the front to have done and told what it was asked to. */
function turns(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
