import { type Config, configOf } from './config.ts';
import { readConfigFile } from './config-file.ts';
import { readDocument } from './document.ts';
import { configError, problemsOf } from './problems.ts';
import { CONFIG_KEYS, type ConfigFile, configSchema } from './schema.ts';

export type { Config } from './config.ts';

/** A configuration with where it is from, and in its own words. */
export interface LoadedConfig {
  readonly path: string;
  readonly file: ConfigFile;
  readonly config: Config;
}

/**
 * Reads and validates a configuration file.
 *
 * @throws {MetasteerError} `config-*`; the message has a line `FILE:LINE:COLUMN: key: what is wrong` per problem.
 */
export function loadConfig(path: string): Config {
  return loadConfigFile(path).config;
}

/** The same for who reads it again later. @throws {MetasteerError} as `loadConfig` */
export function loadConfigFile(path: string): LoadedConfig {
  const file = parseConfigFile(readConfigFile(path), path);
  return { path, file, config: configOf(file) };
}

/**
 * Validates the text of a configuration; `path` is only for messages.
 *
 * @throws {MetasteerError} as `loadConfig`.
 */
export function parseConfig(text: string, path: string): Config {
  return configOf(parseConfigFile(text, path));
}

function parseConfigFile(text: string, path: string): ConfigFile {
  const document = readDocument(text, CONFIG_KEYS);
  if ('problems' in document) throw configError(path, document.problems);
  // An absent `agent` is the same mistake as an absent `agent.socket`, and is reported as that.
  const checked = configSchema.safeParse({ agent: {}, ...document.values });
  if (!checked.success) throw configError(path, problemsOf(checked.error.issues, document, CONFIG_KEYS));
  return checked.data;
}
