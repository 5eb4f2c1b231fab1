import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ConfigDocument } from '../../config/document.ts';
import type { Problem } from '../../config/problems.ts';
import { MetasteerError } from '../../errors.ts';
import type { ImportedSecret } from './neutron-files.ts';
import type { AgentFile } from './schema.ts';
import { refuseExposed, Secret } from './secret.ts';

/** The name of the packaged unit for the folder of secrets: the files in it are this, `_`, and their own name. */
const CREDENTIALS = 'metasteer';

/** Where secrets may be given, beside files. Of nothing that is logged: argv and settings never hold one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where secrets come from, beside Neutron's files. */
export interface SecretSource {
  readonly environment: Environment;
  readonly readSecret: (path: string) => Secret;
}

/** What the agent proves itself with. */
export interface Secrets {
  /** Shared with nova: `metadata_proxy_shared_secret`. */
  readonly shared: Secret;
  /** In Keystone: of the application credential where there is one, else the user's password. Absent with an inventory. */
  readonly keystone?: Secret;
}

/**
 * Reads the secrets: each from its file, else from the environment, the shared one else from Neutron's files.
 *
 * @returns what is wrong, when any that is needed is not there or is exposed
 */
export function readSecrets(
  file: AgentFile,
  document: ConfigDocument,
  imported: ImportedSecret | undefined,
  source: SecretSource,
): Secrets | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const read = (wanted: Wanted): Secret | undefined => {
    try {
      return secretOf(wanted, source);
    } catch (error) {
      if (!(error instanceof MetasteerError)) throw error;
      const place = document.valuePlace([...wanted.key.split('.')]);
      problems.push({ code: error.code, place, key: wanted.key, message: error.message });
      return undefined;
    }
  };
  const shared = read({
    key: 'nova.shared_secret_file',
    path: file.nova.shared_secret_file,
    variable: 'METASTEER_SHARED_SECRET',
    ...(imported === undefined ? {} : { imported }),
  });
  const wanted = keystoneSecret(file);
  const keystone = wanted === undefined ? undefined : read(wanted);
  if (problems.length > 0 || shared === undefined) return { problems };
  return { shared, ...(keystone === undefined ? {} : { keystone }) };
}

interface Wanted {
  readonly key: string;
  readonly path: string | undefined;
  readonly variable: string;
  readonly imported?: ImportedSecret;
}

function keystoneSecret({ resolver, keystone }: AgentFile): Wanted | undefined {
  if (resolver.source !== 'neutron') return undefined;
  const isCredential =
    keystone.application_credential_id !== undefined || keystone.application_credential_name !== undefined;
  return isCredential
    ? {
        key: 'keystone.application_credential_secret_file',
        path: keystone.application_credential_secret_file,
        variable: 'METASTEER_APPLICATION_CREDENTIAL_SECRET',
      }
    : { key: 'keystone.password_file', path: keystone.password_file, variable: 'METASTEER_KEYSTONE_PASSWORD' };
}

/**
 * Where the service manager put the content of a file that only root may read (`LoadCredential=`, systemd.exec(5)), by the file's own
 * name: of the packaged unit, or of an operator's.
 */
function passedOn(path: string, environment: Environment): string | undefined {
  const folder = environment['CREDENTIALS_DIRECTORY'];
  if (folder === undefined || folder === '') return undefined;
  const name = basename(path);
  return [`${CREDENTIALS}_${name}`, name].map((each) => join(folder, each)).find((each) => existsSync(each));
}

function secretOf({ path, variable, imported }: Wanted, { environment, readSecret }: SecretSource): Secret {
  if (path !== undefined) return readSecret(passedOn(path, environment) ?? path);
  const given = environment[variable];
  if (given !== undefined && given !== '') return new Secret(given);
  if (imported !== undefined) {
    refuseExposed(imported.file);
    return new Secret(imported.value);
  }
  throw new MetasteerError('config-missing-key', `is required, or ${variable} in the environment`);
}
