import type { Config } from '../config/config.ts';
import { MetasteerError } from '../errors.ts';
import { type Finding, failure, ok, warning } from './finding.ts';
import type { Surroundings } from './surroundings.ts';

const AREA = 'agent';
const OWN_USER_ACTION =
  'Make the user `metasteer` where no package did, and have the agent open its socket to its group (`metadata_proxy_socket_mode = group`): docs/rollout.md.';

/** Whether the workers can reach the metadata agent. */
export async function agentFindings(config: Config, around: Surroundings): Promise<readonly Finding[]> {
  const { socket } = config.agent;
  let user: string;
  let weakness: string | undefined;
  try {
    const found = around.agentSocket(config);
    if (found.problem !== undefined) return [failure(AREA, found.problem.message, found.problem.action)];
    ({ user, weakness } = found);
  } catch (error) {
    if (!(error instanceof MetasteerError)) throw error;
    return [failure(AREA, error.message, error.action)];
  }
  const refused = await around.connects(socket);
  return [
    ok(AREA, `workers run as ${user}, who may write to ${socket}`),
    ...(weakness === undefined ? [] : [warning(AREA, weakness, OWN_USER_ACTION)]),
    refused === undefined
      ? ok(AREA, 'the agent accepts connections')
      : failure(AREA, `the agent accepts no connections: ${refused}`, 'Start the agent, or look why it is stuck.'),
  ];
}
