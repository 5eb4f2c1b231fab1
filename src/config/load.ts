import { type Config, configOf } from './config.ts';
import { readConfigFile } from './config-file.ts';
import type { Environment } from './environment.ts';
import { NOTHING_ELSE, readLayers, type Surroundings } from './layers.ts';

export type { Config } from './config.ts';

/**
 * Reads and validates a configuration file, with Neutron's files that it names and what the environment sets.
 *
 * @throws {MetasteerError} `config-*`; the message has a line `FILE:LINE:COLUMN: key: what is wrong` per problem.
 */
export function loadConfig(path: string, environment: Environment = process.env): Config {
  return parseConfig(readConfigFile(path), path, { environment, readText: readConfigFile });
}

/**
 * Validates the text of a configuration; `path` is only for messages.
 *
 * @throws {MetasteerError} as `loadConfig`.
 */
export function parseConfig(text: string, path: string, surroundings: Surroundings = NOTHING_ELSE): Config {
  return configOf(readLayers(text, path, surroundings).file);
}
