/** Looks at everything that must be as it should for the daemon to run, in the order in which it would be needed. */
import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { agentFindings } from './agent.ts';
import { conflictFindings } from './conflicts.ts';
import { type Finding, failure } from './finding.ts';
import { kernelFindings } from './kernel.ts';
import { neutronFindings } from './neutron.ts';
import { nodeFindings } from './node.ts';
import type { Surroundings } from './surroundings.ts';

type Look = (config: Config, around: Surroundings) => readonly Finding[] | Promise<readonly Finding[]>;

const LOOKS: Readonly<Record<string, Look>> = {
  node: nodeFindings,
  kernel: kernelFindings,
  neutron: neutronFindings,
  agent: agentFindings,
  interfaces: conflictFindings,
};

/** A look that itself goes wrong is a finding too, and keeps no other from being made. */
export async function examine(config: Config, around: Surroundings): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [area, look] of Object.entries(LOOKS)) {
    try {
      findings.push(...(await look(config, around)));
    } catch (error) {
      findings.push(failure(area, `it could not be looked at: ${messageOf(error)}`, 'Report it with the line shown.'));
    }
  }
  return findings;
}
