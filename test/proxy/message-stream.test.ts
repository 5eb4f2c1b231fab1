import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MessageStream } from '../../src/proxy/message-stream.ts';

describe('messages between supervisor and worker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ms-'));
  const path = join(folder, 's');
  const server = createServer();

  before(() => once(server.listen(path), 'listening'));
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** Both ends of a stream: what is written to the one is read as messages from the other. */
  async function pair(): Promise<{
    readonly near: Socket;
    readonly heard: unknown[];
    readonly broken: Promise<string>;
  }> {
    const near = connect(path);
    near.on('error', () => undefined);
    const [far] = (await once(server, 'connection')) as [Socket];
    const heard: unknown[] = [];
    const broken = new Promise<string>((resolve) => {
      new MessageStream(far, (value) => heard.push(value), resolve);
    });
    return { near, heard, broken };
  }

  it('come one a line, however the bytes are cut', async () => {
    const { near, heard } = await pair();
    const text = '{"a":1}\n{"b":"ü"}\n[]\n';
    for (const byte of Buffer.from(text)) near.write(Buffer.from([byte]));
    while (heard.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(heard, [{ a: 1 }, { b: 'ü' }, []]);
    near.destroy();
  });

  for (const [name, bytes] of [
    ['garbage', 'garbage\n'],
    ['an empty line', '\n'],
    ['a line without end', 'x'.repeat(9 * 1024 * 1024)],
  ] as const) {
    it(`end at ${name}, and bring nobody down`, async () => {
      const { near, heard, broken } = await pair();
      near.write(bytes);
      await broken;
      assert.deepEqual(heard, []);
      near.destroy();
    });
  }
});
