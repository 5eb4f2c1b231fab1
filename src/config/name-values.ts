/** Kinds of values that are names: of owners, namespaces, interfaces and files. */
import * as z from 'zod';
import { type OwnerKind, parseOwnerId } from '../identity/owner-id.ts';
import { filePath } from './paths.ts';
import { checked, derived, facts, keyFacts, unexpected } from './values.ts';

const OWNER_KINDS: readonly OwnerKind[] = ['router', 'network', 'ovn-network'];

const UUID = { type: 'string', pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' };
const PATHS = { type: 'array', items: { type: 'string', pattern: '^/' } };
const PORTS = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      namespace: { type: 'string', minLength: 1, maxLength: 255 },
      interface: { type: 'string', minLength: 1, maxLength: 15 },
      owner: UUID,
      kind: { enum: OWNER_KINDS },
    },
    required: ['namespace', 'interface', 'owner'],
    additionalProperties: false,
  },
};

/** UUIDs of owners, out in lower case; `default` says in words what an absent list means. */
export function ownerList(key: { default: string; meaning: string }) {
  const one = checked((value) => (typeof value === 'string' ? parseOwnerId(value) : undefined), 'a UUID');
  const expects = 'a list of UUIDs';
  const list = z.array(one, { error: (issue) => unexpected(expects, issue.input) });
  return list.optional().register(keyFacts, derived(key, expects, { type: 'array', items: UUID }));
}

/** A pattern of a namespace's name: `{uuid}` stands where the owner's UUID is. */
export function namespacePattern(key: { default: string; meaning: string }) {
  const expects = 'a name with {uuid} in it, where the owner stands';
  const read = (value: unknown) =>
    typeof value === 'string' && /^[A-Za-z0-9_.-]*\{uuid\}[A-Za-z0-9_.-]*$/.test(value) ? value : undefined;
  const json = { type: 'string', pattern: '\\{uuid\\}' };
  return checked(read, expects)
    .prefault(key.default)
    .register(keyFacts, facts(key, expects, json));
}

/** Patterns of names, in which `*` stands for anything. */
export function patternList(key: { default: readonly string[]; meaning: string }) {
  const expects = 'a list of patterns of names, in which * stands for anything';
  const one = checked(
    (value) => (typeof value === 'string' && /^[A-Za-z0-9_.*-]{1,15}$/.test(value) ? value : undefined),
    'a pattern of an interface’s name',
  );
  const list = z.array(one, { error: (issue) => unexpected(expects, issue.input) }).min(1);
  const written = `[${key.default.map((pattern) => `'${pattern}'`).join(', ')}]`;
  const json = { type: 'array', items: { type: 'string', minLength: 1, maxLength: 15 }, minItems: 1 };
  return list
    .prefault([...key.default])
    .register(keyFacts, facts({ default: written, meaning: key.meaning }, expects, json));
}

/** Interfaces listed one by one, each with the owner it is steered for. */
export function portList(key: { meaning: string }) {
  const expects =
    'a list of mappings with namespace, interface, owner (a UUID) and kind (router, network, ovn-network)';
  const name = (most: number, what: string) =>
    checked(
      (value) =>
        typeof value === 'string' && value.length <= most && /^[A-Za-z0-9_.:@-]+$/.test(value) ? value : undefined,
      what,
    );
  const one = z.strictObject(
    {
      namespace: name(255, 'the name of a network namespace'),
      interface: name(15, 'the name of an interface'),
      owner: checked((value) => (typeof value === 'string' ? parseOwnerId(value) : undefined), 'a UUID'),
      kind: checked((value) => OWNER_KINDS.find((each) => each === value), `one of ${OWNER_KINDS.join(', ')}`).prefault(
        'router',
      ),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? unexpected(expects, issue.input) : undefined) },
  );
  const list = z.array(one, { error: (issue) => unexpected(expects, issue.input) });
  return list.prefault([]).register(keyFacts, derived({ default: 'none', meaning: key.meaning }, expects, PORTS));
}

/** Paths of files, in the order they are read. */
export function pathList(key: { meaning: string }) {
  const expects = 'a list of absolute paths';
  const one = checked(
    (value) => (typeof value === 'string' && filePath.accepts(value) ? value : undefined),
    filePath.expects,
  );
  return z
    .array(one, { error: (issue) => unexpected(expects, issue.input) })
    .prefault([])
    .register(keyFacts, derived({ default: 'none', meaning: key.meaning }, expects, PATHS));
}
