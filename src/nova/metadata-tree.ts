import { notFound, TEXT, unknownError } from './answer.ts';
import type { Document, PASSWORD } from './document.ts';
import { EC2_VERSIONS, ec2Document } from './ec2-tree.ts';
import type { NovaInstance } from './instance.ts';
import { OPENSTACK_VERSIONS, openstackDocument } from './openstack-tree.ts';

/** The list that `/` shows to anybody (contract.md 4). */
export const ROOT_LISTING: Document = listing([...EC2_VERSIONS, 'latest']);

/**
 * The parts of the path in a request's target, decoded and with `.` and `..` resolved. None is the root. Two slashes at
 * the beginning, and no more, are kept as an empty first part: POSIX lets them mean something else, and nova's library
 * follows it.
 *
 * @throws {Refusal} 500 when it is not UTF-8
 */
export function pathOf(target: string): readonly string[] {
  const path = decoded(target.split('?', 1)[0] ?? '');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return /^\/\/(?!\/)/.test(path) ? ['', ...parts] : parts;
}

/**
 * What nova has at a path of an instance's metadata (contract.md 4).
 *
 * @param forwardedFor shown as the instance's address when none is known
 * @throws {Refusal} 404 when there is nothing, 500 where nova's code fails
 */
export function lookUp(
  instance: NovaInstance,
  path: readonly string[],
  forwardedFor?: string,
): Document | typeof PASSWORD {
  const [first = '', ...rest] = path;
  if (first === '' || (first === 'ec2' && rest.length === 0)) return ROOT_LISTING;
  if (first !== 'openstack') return ec2Document(instance, first === 'ec2' ? rest : path, forwardedFor);
  const [version, ...below] = rest;
  if (version === undefined) return listing([...OPENSTACK_VERSIONS, 'latest']);
  if (version === 'content') return contentOf(instance, below);
  return openstackDocument(instance, version, below.join('/'));
}

function contentOf({ content }: NovaInstance, [number, ...more]: readonly string[]): Document {
  const body = number === undefined || more.length > 0 ? undefined : content.get(number);
  if (body === undefined) throw notFound();
  return { contentType: TEXT, body };
}

function listing(names: readonly string[]): Document {
  return { contentType: TEXT, body: names.join('\n') };
}

/** Undoes percent encoding; a `%` that begins none stays. */
function decoded(path: string): string {
  if (!path.includes('%')) return path;
  const bytes = Buffer.from(
    path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unknownError();
  }
}
