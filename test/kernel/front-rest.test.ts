// Needs the shim, but no privileges. Clients that keep their connection and are owed nothing, in the hands of the front.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { parsePortId } from '../../src/identity/port-id.ts';
import { Front } from '../../src/kernel/front.ts';
import type { FrontLink } from '../../src/kernel/front-link.ts';
import { openListeningSocket } from '../kit/listening-socket.ts';
import { RawClient } from '../kit/raw-client.ts';

const PORT = parsePortId(0);
const SILENT = { drained: () => undefined, stalled: () => undefined, weEnded: () => undefined };

describe('a resting client that ends its side', () => {
  const front = new Front({ connections: 4, agentConnections: 0, agentPath: '', unackedMs: 1000 });
  after(() => front.close());

  /**
   * Has a client send something, rest, and end its side.
   *
   * @param unseen records of its bytes that whoever lets it rest has not taken yet
   * @returns what the link tells from there on, and whether the connection was closed by then
   */
  async function end(unseen: number): Promise<string> {
    const { fd, port } = await openListeningSocket('127.0.0.1');
    let client: RawClient | undefined;
    const told = new Promise<string>((resolve) => {
      const accepted = (link: FrontLink) => {
        const tell = (what: string) => () => {
          resolve(`${what}, ${link.isOpen ? 'open' : 'closed'}`);
          link.destroy();
        };
        const received = () => {
          link.seen -= unseen;
          link.rest();
          client?.socket.end();
        };
        link.serve({ received, peerEnded: tell('ended'), gone: tell('gone'), ...SILENT });
      };
      const user = { accepted, refused: assert.fail, failed: assert.fail };
      void front.gate(PORT, user, () => undefined).listen({ fd, backlog: 8 });
    });
    client = await RawClient.open({ host: '127.0.0.1', port });
    await client.send('x');
    const what = await told;
    await client.untilClosed();
    return what;
  }

  test('is closed, and then it is told', async () => {
    assert.equal(await end(0), 'gone, closed');
  });

  test('is left open when it had sent more than was seen', async () => {
    assert.equal(await end(1), 'ended, open');
  });
});
