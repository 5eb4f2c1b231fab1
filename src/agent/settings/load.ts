import { readConfigFile } from '../../config/config-file.ts';
import { type ConfigDocument, readDocument } from '../../config/document.ts';
import { namedFiles } from '../../config/neutron-files.ts';
import { configError, type Problem, problemsOf } from '../../config/problems.ts';
import { type Imported, importNeutronFiles } from './neutron-files.ts';
import { AGENT_KEYS, agentSchema } from './schema.ts';
import { readSecretFile, type Secret } from './secret.ts';
import { type Environment, readSecrets } from './secrets.ts';
import { type AgentSettings, settingsOf } from './settings.ts';

export type { AgentSettings } from './settings.ts';

/** What settings are read from beside the file itself. */
export interface Surroundings {
  readonly environment: Environment;
  /** Gives the text of one of `neutron_files`, or throws. */
  readonly readText: (path: string) => string;
  /** Gives the secret in a file, or throws. */
  readonly readSecret: (path: string) => Secret;
}

/**
 * Reads and validates the agent's settings, with the files that they name.
 *
 * @throws {MetasteerError} `config-*`; the message has a line `FILE:LINE:COLUMN: key: what is wrong` per problem.
 */
export function loadAgentSettings(path: string, environment: Environment = process.env): AgentSettings {
  return parseAgentSettings(readConfigFile(path), path, {
    environment,
    readText: readConfigFile,
    readSecret: readSecretFile,
  });
}

/**
 * Validates the text of settings; `path` is only for messages.
 *
 * @throws {MetasteerError} as `loadAgentSettings`.
 */
export function parseAgentSettings(text: string, path: string, surroundings: Surroundings): AgentSettings {
  const own = readDocument(text, AGENT_KEYS);
  if ('problems' in own) throw configError(path, own.problems);
  const { document, sharedSecret, problems } = withNeutronFiles(own, surroundings);
  const checked = agentSchema.safeParse(document.values);
  const found: Problem[] = [...problems];
  if (!checked.success) found.push(...problemsOf(checked.error.issues, document, AGENT_KEYS));
  if (found.length > 0 || !checked.success) throw configError(path, found);
  const secrets = readSecrets(checked.data, document, sharedSecret, surroundings);
  if ('problems' in secrets) throw configError(path, secrets.problems);
  return settingsOf(checked.data, secrets);
}

function withNeutronFiles(document: ConfigDocument, { readText }: Surroundings): Imported {
  return importNeutronFiles(document, namedFiles(document), readText);
}
