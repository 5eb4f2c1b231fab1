import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { release } from 'node:os';
import type { Config } from '../config/config.ts';
import { socketProblem, workerUser } from '../control/agent-socket.ts';
import { Inventory } from '../control/inventory.ts';
import { LiveConfig } from '../control/live-config.ts';
import { messageOf } from '../errors.ts';
import type { SelectedInterfaces, Surroundings } from './surroundings.ts';

/** Interfaces that are looked at one by one: on a dense node a sample tells as much. */
const LOOKED_MAX = 64;
const CONNECT_MS = 2000;

/** This machine. */
export const machine: Surroundings = {
  uid: process.geteuid?.() ?? 0,
  kernelRelease: release(),
  architecture: process.arch,
  nodeVersion: process.version,
  readText: (path) => quietly(() => readFileSync(path, 'utf8')),
  list: (path) => quietly(() => readdirSync(path)) ?? [],
  shimProblem: async () => {
    try {
      await import('../kernel/ffi.ts');
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  },
  probe: async (config) => (await import('./probe.ts')).probeKernel(config),
  interfaces,
  agentSocket: ({ worker, agent }) => {
    const { name: user, weakness, ...others } = workerUser(worker, agent.socket);
    const problem = socketProblem(agent.socket, { name: user, ...others }, worker);
    return { user, ...(weakness === undefined ? {} : { weakness }), ...(problem === undefined ? {} : { problem }) };
  },
  connects,
};

async function interfaces(config: Config): Promise<SelectedInterfaces> {
  const { lookForStrangers } = await import('../kernel/attachment.ts');
  const inventory = new Inventory(new LiveConfig(config));
  await inventory.refresh({ all: true });
  const { found, broken } = inventory;
  const looked = await Promise.all(
    found.slice(0, LOOKED_MAX).map(async ({ namespace, netns, owner, link }) => ({
      namespace,
      name: link.name,
      owner: owner.id,
      kind: link.kind,
      strangers: await lookForStrangers(netns, link.ifindex),
    })),
  );
  return { looked, count: found.length, broken };
}

function connects(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (problem: string | undefined) => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(CONNECT_MS, () => done(`nothing in ${CONNECT_MS} ms`));
    socket.once('connect', () => done(undefined));
    socket.once('error', (error) => done(error.message));
  });
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
