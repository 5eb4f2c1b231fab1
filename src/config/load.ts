import { type Config, configOf } from './config.ts';
import { readConfigFile } from './config-file.ts';
import type { Environment } from './environment.ts';
import { NOTHING_ELSE, readLayers, type Surroundings } from './layers.ts';
import type { ConfigFile } from './schema.ts';

export type { Config } from './config.ts';

/** A configuration with where it is from, and in its own words. */
export interface LoadedConfig {
  readonly path: string;
  readonly file: ConfigFile;
  readonly config: Config;
}

/**
 * Reads and validates a configuration file, with Neutron's files that it names and what the environment sets.
 *
 * @throws {MetasteerError} `config-*`; the message has a line `FILE:LINE:COLUMN: key: what is wrong` per problem.
 */
export function loadConfig(path: string, environment: Environment = process.env): Config {
  return loadConfigFile(path, environment).config;
}

/** The same for who reads it again later. @throws {MetasteerError} as `loadConfig` */
export function loadConfigFile(path: string, environment: Environment = process.env): LoadedConfig {
  const { file } = readLayers(readConfigFile(path), path, { environment, readText: readConfigFile });
  return { path, file, config: configOf(file) };
}

/**
 * Validates the text of a configuration; `path` is only for messages.
 *
 * @throws {MetasteerError} as `loadConfig`.
 */
export function parseConfig(text: string, path: string, surroundings: Surroundings = NOTHING_ELSE): Config {
  return configOf(readLayers(text, path, surroundings).file);
}
