import type { Config } from '../config/config.ts';
import { MetasteerError } from '../errors.ts';
import { type Finding, failure, ok } from './finding.ts';
import type { Surroundings } from './surroundings.ts';

const AREA = 'agent';

/** Whether the workers can reach the metadata agent. */
export async function agentFindings(config: Config, around: Surroundings): Promise<readonly Finding[]> {
  const { socket } = config.agent;
  let user: string;
  try {
    const found = around.agentSocket(config);
    if (found.problem !== undefined) return [failure(AREA, found.problem.message, found.problem.action)];
    user = found.user;
  } catch (error) {
    if (!(error instanceof MetasteerError)) throw error;
    return [failure(AREA, error.message, error.action)];
  }
  const refused = await around.connects(socket);
  return [
    ok(AREA, `workers run as ${user}, who may write to ${socket}`),
    refused === undefined
      ? ok(AREA, 'the agent accepts connections')
      : failure(AREA, `the agent accepts no connections: ${refused}`, 'Start the agent, or look why it is stuck.'),
  ];
}
