import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { statusText } from '../../src/cli/status-text.ts';
import type { PortStatusDocument, StatusDocument } from '../../src/control/status-document.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { sampleStatus } from '../control/sample-status.ts';
import { cli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'metasteer-status-'));
after(() => rmSync(folder, { recursive: true }));

const sample = sampleStatus();
const [steering] = sample.ports;
assert.ok(steering);
const port: PortStatusDocument = { ...steering, counters: { ...steering.counters, steer_syn_moved: 1 } };

const full: StatusDocument = {
  ...sample,
  daemon: { ...sample.daemon, workers_wanted: 1 },
  ports: [
    port,
    {
      ...port,
      port: 12,
      interface: 'qr-x',
      state: 'failed',
      attachment: null,
      reason: 'no macvlan',
      requests: 0,
      counters: {},
    },
  ],
  vacancies: [{ reason: 'worker 99 ended: SIGABRT', held: true, again_in_ms: 4200 }],
  agent: { ...sample.agent, state: 'absent', exchanges_open: 0, last_error: 'connect ENOENT' },
  events: [{ at: '2026-11-24T20:00:00.000Z', event: 'worker 99 ended: SIGABRT; another starts at once' }],
};

const FULL_TEXT = `\
metasteer 0.1.0, pid 100, up 60 s, namespace metasteer

PORT  OWNER                                 NAMESPACE                                     INTERFACE       STATE     NEW-CONNECTIONS  PACKETS  REPLIES  REQUESTS
   0  7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f  qrouter-7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f  qr-1f0f3c2d-4e  steering                3       23       15         7
  12  7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f  qrouter-7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f  qr-x            failed                  0        0        0         0

failed: no macvlan

namespace qrouter-broken cannot be read: EINVAL

WORKER  USER     STATE    CONNECTIONS  REQUESTS
   101  neutron  running            1         7

no worker: worker 99 ended: SIGABRT; held for 5 s

agent /run/agent.sock: absent (one-shot), 0 exchanges open, 3 queued; last error: connect ENOENT

2026-11-24T20:00:00.000Z worker 99 ended: SIGABRT; another starts at once
`;

const empty: StatusDocument = {
  ...full,
  ports: [],
  broken: [],
  workers: [],
  vacancies: [],
  events: [],
  agent: { ...full.agent, state: 'unknown', generation: 'unknown', queued: 0, last_error: null },
};

const EMPTY_TEXT = `\
metasteer 0.1.0, pid 100, up 60 s, namespace metasteer

no ports: no router interface was found

no workers

agent /run/agent.sock: unknown, 0 exchanges open, 0 queued
`;

describe('for people', () => {
  test('ports, workers and agent are tables and lines', () => assert.equal(statusText(full), FULL_TEXT));
  test('a daemon without ports says so', () => assert.equal(statusText(empty), EMPTY_TEXT));
  test('no name can command the terminal', () => {
    const text = statusText({ ...full, ports: [{ ...port, interface: 'qr-\u001b[2J\u009b' }] });
    assert.match(text, /qr-\?\[2J\?/);
  });
});

/** Serves one socket with a listener while an action runs. */
async function withAdmin(listener: RequestListener, action: (socket: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  const socket = join(folder, 'admin.sock');
  server.listen(socket);
  await once(server, 'listening');
  try {
    await action(socket);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

describe('metasteer status', () => {
  test('asks GET /v1/status of the socket given and prints the text', async () => {
    const asked: string[] = [];
    await withAdmin(
      (request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.end(JSON.stringify(full));
      },
      async (socket) => {
        assert.deepEqual(await cli('status', '--socket', socket), { code: 0, stdout: FULL_TEXT, stderr: '' });
      },
    );
    assert.deepEqual(asked, ['GET /v1/status']);
  });

  test('takes the socket from a configuration', async () => {
    const file = join(folder, 'c.yaml');
    await withAdmin(
      (_, response) => response.end(JSON.stringify(empty)),
      async (socket) => {
        writeFileSync(file, `agent: { socket: /a }\nadmin: { socket: ${socket} }\n`);
        assert.deepEqual(await cli('status', '-c', file), { code: 0, stdout: EMPTY_TEXT, stderr: '' });
      },
    );
  });

  test('prints the document unchanged with --json, known or not', async () => {
    const sent = `${JSON.stringify({ ...full, later: [1, 2] }, null, 3)}\n`;
    await withAdmin(
      (_, response) => response.end(sent),
      async (socket) => {
        assert.deepEqual(await cli('status', '--json', '--socket', socket), { code: 0, stdout: sent, stderr: '' });
      },
    );
  });

  const answers: readonly [title: string, listener: RequestListener, message: RegExp][] = [
    ['an answer that is not JSON', (_, response) => response.end('<html>'), /not with a status/],
    ['JSON that is no status', (_, response) => response.end('{"ports":[]}'), /not with a status/],
    ['another status code', (_, response) => response.writeHead(500).end('{}'), /HTTP status 500/],
    ['a connection closed at once', (request) => request.socket.destroy(), /socket hang up|ECONNRESET/],
    [
      'an answer cut short',
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{', () => response.destroy());
      },
      /aborted|ECONNRESET/,
    ],
  ];
  for (const [title, listener, message] of answers) {
    test(`${title} is no status`, () =>
      withAdmin(listener, async (socket) => {
        const { code, stderr } = await cli('status', '--socket', socket);
        assert.equal(code, 1);
        assert.match(stderr, message);
        assert.match(stderr, /\(daemon-no-answer\)/);
      }));
  }

  const absent: readonly [title: string, socket: () => string, code: ErrorCode][] = [
    ['no socket', () => join(folder, 'none.sock'), 'daemon-not-running'],
    [
      'a file that nobody listens on',
      () => {
        const path = join(folder, 'file');
        writeFileSync(path, '');
        return path;
      },
      'daemon-not-running',
    ],
    ['a path longer than a socket may have', () => `/${'x'.repeat(200)}`, 'daemon-not-running'],
  ];
  for (const [title, socket, code] of absent) {
    test(`${title} is a daemon that does not run, with exit code 1`, async () => {
      const result = await cli('status', '--json', '--socket', socket());
      assert.deepEqual([result.code, result.stdout], [1, '']);
      assert.equal(JSON.parse(result.stderr).error.code, code);
    });
  }
});
