/** The sections of the agent's settings that say where instances are looked up: `resolver`, `neutron`, `keystone`, `inventory`. */
import * as z from 'zod';
import { choice, duration, flag, optionalText, text, whole } from '../../config/values.ts';
import { optionalBaseUrl, optionalPath } from './values.ts';

const NAME = {
  accepts: (value: string) => value.length > 0 && value.length <= 255 && !/\p{Cc}/u.test(value),
  expects: 'a name',
};

export const resolverSection = z.strictObject({
  source: choice({
    of: ['neutron', 'inventory'],
    default: 'neutron',
    meaning: 'Where instances are looked up: in Neutron’s API, or in a file.',
  }),
  ttl: duration({
    from: '0s',
    to: '1m',
    default: '10s',
    meaning: 'How long an instance that was found is remembered.',
  }),
  negative_ttl: duration({
    from: '0s',
    to: '1m',
    default: '1s',
    meaning: 'How long it is remembered that none was found, or several.',
  }),
  entries_max: whole({ from: 1, to: 1048576, default: 65536, meaning: 'Clients remembered.' }),
  lookups_max: whole({ from: 1, to: 65536, default: 256, meaning: 'Look-ups at once; what is more gets 503.' }),
  timeout: duration({ from: '10ms', to: '5m', default: '8s', meaning: 'Longest time for a look-up, then 503.' }),
});

export const neutronSection = z.strictObject({
  url: optionalBaseUrl('Base of Neutron’s API.', 'from Keystone’s catalogue'),
  region: optionalWord('Region whose Neutron is taken from the catalogue.', 'the first'),
  interface: choice({
    of: ['internal', 'public', 'admin'],
    default: 'internal',
    meaning: 'Interface of Neutron that is taken from the catalogue.',
  }),
  ...tlsKeys('Neutron'),
  connections: whole({ from: 1, to: 1024, default: 8, meaning: 'Requests to Neutron at once.' }),
  timeout: duration({ from: '10ms', to: '5m', default: '5s', meaning: 'Longest time for an answer of Neutron.' }),
});

export const keystoneSection = z.strictObject({
  url: optionalBaseUrl('Base of Keystone’s API v3; needed with `resolver.source: neutron`.'),
  username: optionalWord('User the agent is in Keystone: one that may read all ports.'),
  user_domain: word('Default', 'Name of the user’s domain.'),
  project: optionalWord('Project the user acts for.'),
  project_domain: word('Default', 'Name of the project’s domain.'),
  password_file: optionalPath('File with the user’s password.', 'METASTEER_KEYSTONE_PASSWORD'),
  application_credential_id: optionalWord('Application credential, in the place of user and password.'),
  application_credential_name: optionalWord('The same by its name; its user is `username`.'),
  application_credential_secret_file: optionalPath(
    'File with the secret of the application credential.',
    'METASTEER_APPLICATION_CREDENTIAL_SECRET',
  ),
  ...tlsKeys('Keystone'),
  timeout: duration({ from: '10ms', to: '5m', default: '5s', meaning: 'Longest time for an answer of Keystone.' }),
});

export const inventorySection = z.strictObject({
  file: optionalPath('File with all instances; needed with `resolver.source: inventory`.'),
});

/** How a server is known, and how the agent is known to it. */
export function tlsKeys(server: string) {
  return {
    ca_file: optionalPath(`Certificates that ${server}’s must be signed by, as PEM.`, 'those of Node'),
    client_cert: optionalPath(`Certificate the agent shows to ${server}, as PEM.`),
    client_key: optionalPath('Key of that certificate, as PEM.'),
    insecure: flag(false, `Whether ${server}’s certificate is not checked.`),
  };
}

function word(value: string, meaning: string) {
  return text({ ...NAME, default: value, meaning });
}

function optionalWord(meaning: string, otherwise = 'none') {
  return optionalText({ ...NAME, default: otherwise, meaning });
}
