import { randomBytes } from 'node:crypto';
import { JSON_TYPE, notFound, TEXT, unknownError } from './answer.ts';
import { devicesOf } from './devices.ts';
import { type Document, PASSWORD } from './document.ts';
import type { NovaInstance } from './instance.ts';

/** In the order of time: one for each release of OpenStack that added something. */
export const OPENSTACK_VERSIONS = [
  '2012-08-10',
  '2013-04-04',
  '2013-10-17',
  '2015-10-15',
  '2016-06-30',
  '2016-10-06',
  '2017-02-22',
  '2018-08-27',
  '2020-10-14',
  '2025-04-04',
] as const;

export type OpenstackVersion = (typeof OPENSTACK_VERSIONS)[number];

const RANDOM_SEED_BYTES = 512;

/** Tells whether the version asked for has what came with another. */
export type Since = (first: OpenstackVersion) => boolean;

type Handler = (instance: NovaInstance, since: Since) => Document | typeof PASSWORD;

/** By the path below a version. Only some look at the version, as in nova; listings look at more. */
const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['', versionListing],
  // The name under which nova keeps that listing can be asked for, too.
  ['version', versionListing],
  ['meta_data.json', (instance, since) => json(metaData(instance, since))],
  ['user_data', ({ userData }) => ({ contentType: TEXT, body: found(userData) })],
  ['password', (_, since) => present(since('2013-04-04'), PASSWORD)],
  ['vendor_data.json', ({ vendorData }, since) => present(since('2013-10-17'), json(vendorData))],
  // Nova gives this one as plain text (contract.md 4).
  ['network_data.json', ({ networkData }) => ({ contentType: TEXT, body: JSON.stringify(networkData) })],
  ['vendor_data2.json', vendorData2],
  ['content', fail],
]);

/**
 * What is at a path below a version of the OpenStack tree (contract.md 4). `meta_data.json` is made afresh for every
 * request, for its random seed: whoever shares that document breaks the entropy of a guest (contract.md F12).
 *
 * @throws {Refusal} 404 when there is nothing, 500 where nova's code fails
 */
export function openstackDocument(instance: NovaInstance, version: string, path: string): Document | typeof PASSWORD {
  const asked = (OPENSTACK_VERSIONS as readonly string[]).indexOf(version);
  const index = version === 'latest' ? OPENSTACK_VERSIONS.length - 1 : asked;
  if (index === -1) throw notFound();
  return found(HANDLERS.get(path))(instance, (first) => index >= OPENSTACK_VERSIONS.indexOf(first));
}

function versionListing({ userData }: NovaInstance, since: Since): Document {
  const names = [
    'meta_data.json',
    ...(userData === undefined ? [] : ['user_data']),
    ...(since('2013-04-04') ? ['password'] : []),
    ...(since('2013-10-17') ? ['vendor_data.json'] : []),
    ...(since('2015-10-15') ? ['network_data.json'] : []),
    ...(since('2016-10-06') ? ['vendor_data2.json'] : []),
  ];
  return { contentType: TEXT, body: names.join('\n') };
}

function metaData(instance: NovaInstance, since: Since): Readonly<Record<string, unknown>> {
  const { key } = instance;
  return {
    uuid: instance.id,
    ...(Object.keys(instance.meta).length > 0 && { meta: instance.meta }),
    ...(instance.files.length > 0 && { files: instance.files }),
    ...(instance.adminPass !== undefined && { admin_pass: instance.adminPass }),
    ...(instance.networkConfig && { network_config: instance.networkConfig }),
    ...(key && { public_keys: { [key.name]: key.data }, keys: [key] }),
    hostname: instance.hostname,
    name: instance.name,
    launch_index: instance.launchIndex,
    availability_zone: instance.availabilityZone,
    ...(since('2013-04-04') && { random_seed: randomBytes(RANDOM_SEED_BYTES).toString('base64') }),
    ...(since('2015-10-15') && { project_id: instance.project }),
    ...(since('2016-06-30') && { devices: devicesOf(instance.devices, since) }),
    ...(since('2020-10-14') && { dedicated_cpus: instance.dedicatedCpus }),
  };
}

function vendorData2({ vendorData2: value, vendorData2DelayMs: delayMs }: NovaInstance, since: Since): Document {
  return present(since('2016-10-06'), delayMs === 0 ? json(value) : { ...json(value), delayMs });
}

function fail(): never {
  throw unknownError();
}

function present<Value>(is: boolean, value: Value): Value {
  if (!is) throw notFound();
  return value;
}

function found<Value>(value: Value | undefined): Value {
  if (value === undefined) throw notFound();
  return value;
}

function json(value: unknown): Document {
  return { contentType: JSON_TYPE, body: JSON.stringify(value) };
}
