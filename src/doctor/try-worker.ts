import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { proxySettings } from '../config/proxy-settings.ts';
import { agentPlace } from '../control/agent-place.ts';
import { WorkerProcess } from '../control/worker-process.ts';

/** Whose files and sockets a worker that serves nobody needs no more than. */
const USER = { name: 'nobody', uid: 65534, gid: 65534, groups: [] };

/**
 * Starts a worker that is shut in as others are, without a port, and ends it.
 *
 * @param netns path of the network namespace it is to be in
 * @throws {MetasteerError} `worker-…`
 */
export async function tryWorker(config: Config, netns: string): Promise<void> {
  const runDir = mkdtempSync(join(tmpdir(), 'metasteer-doctor-'));
  const { netnsDir, worker: limits } = config;
  const agent = agentPlace(config.agent.socket);
  const context = { runDir, netnsDir, heapBytes: limits.heapBytes, sandbox: true, agent, rates: undefined };
  const listener = { alive: () => undefined, traced: () => undefined };
  // The launcher says there what was refused.
  const output = { write: (line: string) => void process.stderr.write(line), logsRequests: false };
  try {
    const worker = new WorkerProcess({ ...context, namespace: { reference: netns } }, USER, listener, output);
    const settings = proxySettings(config);
    try {
      await worker.start({ ...settings, agent: { ...settings.agent, socket: agent.seenAs } }, 'error');
    } finally {
      worker.kill('it was tried');
      await worker.exited;
    }
  } finally {
    rmSync(runDir, { recursive: true, force: true });
  }
}
