import { Additions } from './additions.ts';
import { readConfigFile } from './config-file.ts';
import { type ConfigDocument, readDocument } from './document.ts';
import { addEnvironment, type Environment } from './environment.ts';
import { namedFiles, type ReadText, readNeutronFiles } from './neutron-files.ts';
import { addNeutronOptions } from './neutron-options.ts';
import { configError, type Place, type Problem, problemsOf } from './problems.ts';
import { CONFIG_KEYS, type ConfigFile, configSchema } from './schema.ts';

/** What a configuration is read from beside the file itself. */
export interface Surroundings {
  readonly environment: Environment;
  /** Gives the text of one of `neutron_files`. */
  readonly readText: ReadText;
}

export const NOTHING_ELSE: Surroundings = { environment: {}, readText: readConfigFile };

/** A validated configuration, and where its values are from. */
export interface LayeredConfig {
  readonly file: ConfigFile;
  readonly document: ConfigDocument;
  /** Where a value is from; undefined for one of the file itself, or a default. */
  readonly placeOf: (path: readonly string[]) => Place | undefined;
}

/**
 * Reads the layers of a configuration: what the environment sets holds before the file, the file before Neutron's files,
 * and those before the defaults. `path` is only for messages.
 *
 * @throws {MetasteerError} `config-*`; the message has a line `FILE:LINE:COLUMN: key: what is wrong` per problem.
 */
export function readLayers(text: string, path: string, { environment, readText }: Surroundings): LayeredConfig {
  const own = readDocument(text, CONFIG_KEYS);
  if ('problems' in own) throw configError(path, own.problems);
  const added = new Additions(own);
  const problems: Problem[] = [...addNeutronFiles(added, own, readText)];
  problems.push(...addEnvironment(added, environment, CONFIG_KEYS));
  const { document } = added;
  // An absent `agent` is the same mistake as an absent `agent.socket`, and is reported as that.
  const checked = configSchema.safeParse({ agent: {}, ...document.values });
  if (!checked.success) problems.push(...problemsOf(checked.error.issues, document, CONFIG_KEYS));
  if (problems.length > 0 || !checked.success) throw configError(path, problems);
  return { file: checked.data, document, placeOf: (key) => added.placeOf(key) };
}

function addNeutronFiles(added: Additions, own: ConfigDocument, readText: ReadText): readonly Problem[] {
  const files = namedFiles(own);
  if (files.length === 0) return [];
  const options = readNeutronFiles(files, readText);
  if ('problems' in options) return options.problems;
  addNeutronOptions(added, options, files);
  return options.found;
}
