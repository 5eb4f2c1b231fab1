import * as z from 'zod';
import { SourceError } from './source.ts';

/** One page of a list of ports. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Query parameters to add for the next page; undefined on the last. */
  readonly next: readonly (readonly [name: string, value: string])[] | undefined;
}

const linksSchema = z.array(z.object({ rel: z.string(), href: z.string() })).optional();
const MARKER = /^[\w-]{1,255}$/;
const LIMIT = /^\d{1,9}$/;

/**
 * Reads an answer to `GET /v2.0/ports`: `ports`, and `ports_links` where Neutron pages (its `pagination_max_limit`).
 *
 * @throws {SourceError} when it is not one
 */
export function pageOf<Row>(body: string, row: z.ZodType<Row>): Page<Row> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new SourceError('Neutron’s list of ports is not JSON');
  }
  const checked = z.object({ ports: z.array(row), ports_links: linksSchema }).safeParse(parsed);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new SourceError(`Neutron’s list of ports is not as expected: ${issue?.path.join('.') || 'the whole'}`);
  }
  const href = checked.data.ports_links?.find((link) => link.rel === 'next')?.href;
  return { rows: checked.data.ports, next: href === undefined ? undefined : markIn(href) };
}

/** Neutron reads a marker only beside a limit, its own or the request's. */
function markIn(href: string): (readonly [string, string])[] {
  const query = new URLSearchParams(href.slice(href.indexOf('?') + 1));
  const [marker, limit] = [query.get('marker'), query.get('limit')];
  if (!href.includes('?') || marker === null || !MARKER.test(marker)) {
    throw new SourceError('Neutron’s list of ports goes on, but the link does not say where');
  }
  return [['marker', marker], ...(limit !== null && LIMIT.test(limit) ? [['limit', limit] as const] : [])];
}
