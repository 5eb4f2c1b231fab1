import * as z from 'zod';
import { SourceError } from './source.ts';

/** The services of a token, as Keystone lists them in it. Unknown members of the answer are left out. */
export const catalogSchema = z.array(
  z.object({
    type: z.string(),
    endpoints: z
      .array(
        z.object({
          interface: z.string(),
          region: z.string().nullish(),
          region_id: z.string().nullish(),
          url: z.string(),
        }),
      )
      .default([]),
  }),
);

export type Catalog = z.output<typeof catalogSchema>;

export interface EndpointChoice {
  /** Type of the service, such as `network`. */
  readonly type: string;
  readonly interface: 'public' | 'internal' | 'admin';
  /** Needed where the catalogue has the service in several regions. */
  readonly region?: string;
}

/** Names listed in a message. */
const NAMED_MAX = 10;

/**
 * The URL of a service in a catalogue.
 *
 * @throws {SourceError} when it has none, or several and nothing to choose by; the message names what there is
 */
export function endpointIn(catalog: Catalog, { type, interface: wanted, region }: EndpointChoice): string {
  const services = catalog.filter((service) => service.type === type);
  if (services.length === 0) {
    throw wrong(`has no service of type ${type}, only ${names(catalog.map((service) => service.type))}`);
  }
  const endpoints = services.flatMap((service) => service.endpoints);
  const ofInterface = endpoints.filter((endpoint) => endpoint.interface === wanted);
  if (ofInterface.length === 0) {
    throw wrong(`has no ${wanted} endpoint of ${type}, only ${names(endpoints.map((each) => each.interface))}`);
  }
  const regions = ofInterface.map((endpoint) => endpoint.region_id ?? endpoint.region ?? 'no region');
  const here = ofInterface.filter((each) => region === undefined || [each.region_id, each.region].includes(region));
  if (here.length === 0) {
    throw wrong(`has no ${wanted} endpoint of ${type} in region ${region}, only in ${names(regions)}`);
  }
  const urls = new Set(here.map((endpoint) => endpoint.url));
  const [url] = urls;
  if (url !== undefined && urls.size === 1) return url;
  if (new Set(regions).size > 1 && region === undefined) {
    throw wrong(`has ${type} in several regions, and none is chosen: ${names(regions)}`);
  }
  throw wrong(`has several ${wanted} endpoints of ${type} in one region: ${names([...urls])}`);
}

function wrong(message: string): SourceError {
  return new SourceError(`Keystone’s catalogue ${message}`);
}

function names(all: readonly string[]): string {
  const each = [...new Set(all)].sort();
  if (each.length === 0) return 'none at all (does the user have a role on the project?)';
  return each.length > NAMED_MAX ? `${each.slice(0, NAMED_MAX).join(', ')} and others` : each.join(', ');
}
