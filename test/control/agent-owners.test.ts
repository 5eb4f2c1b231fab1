import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { AgentOwners } from '../../src/control/agent-owners.ts';
import { LiveConfig } from '../../src/control/live-config.ts';
import { createLogger } from '../../src/log.ts';
import { AdminServer } from '../../src/unix/admin-server.ts';
import { until } from '../kit/node.ts';

const ROUTER = '11111111-1111-4111-8111-111111111111';
const EXCLUDED = '22222222-2222-4222-8222-222222222222';
const NETWORK = '33333333-3333-4333-8333-333333333333';
const LISTED = '44444444-4444-4444-8444-444444444444';

describe('the agent is told the owners of a node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ms-owners-'));
  const netns = join(folder, 'netns');
  const socket = join(folder, 'agent.sock');
  after(() => rmSync(folder, { recursive: true }));

  it('also those that are not steered, anew when one comes, and from the moment it listens', async () => {
    mkdirSync(netns);
    for (const name of [`qrouter-${ROUTER}`, `qrouter-${EXCLUDED}`, 'somebody-else', 'lb'])
      writeFileSync(join(netns, name), '');
    const config = parseConfig(
      `
netns_dir: ${netns}
agent: { socket: /a, admin_socket: ${socket} }
discovery: { include: [${ROUTER}], exclude: [${EXCLUDED}] }
ports: [{ namespace: lb, interface: eth0, owner: ${LISTED}, kind: network }]
`,
      'c.yaml',
    );
    const lines: string[] = [];
    const log = createLogger('info', {}, { write: (line) => void lines.push(line) });
    const owners = new AgentOwners(new LiveConfig(config), log);
    after(() => owners.close());
    await until('it is said that nobody listens', () => lines.some((line) => line.includes('could not be told')));
    assert.equal(lines.length, 1, 'once');

    let told: unknown;
    const act = async (_: string, body: () => Promise<unknown>) => {
      told = await body();
      return {};
    };
    const routes = [{ method: 'PUT', shown: 'PUT /v1/owners', path: /^\/v1\/owners$/, act }] as const;
    const admin = await AdminServer.listen(socket, routes, (error) => assert.fail(String(error)));
    after(() => admin.close());
    const known = [`network/${LISTED}`, `router/${ROUTER}`, `router/${EXCLUDED}`];
    await until('it is told', () => told !== undefined);
    assert.deepEqual(told, { owners: known });
    writeFileSync(join(netns, `qdhcp-${NETWORK}`), '');
    await until('it hears of one more', () => (told as { owners: string[] }).owners.length === 4);
    assert.deepEqual(told, { owners: [known[0], `network/${NETWORK}`, ...known.slice(1)] });
  });
});
