import type { Enum, Header } from './header.ts';
import { constantName, namesOf, type StructPart, structSource, structsIn } from './struct-source.ts';

/** The enumeration whose constants are also names for operators. */
const VERDICTS = 'ms_verdict';
const VERDICT_NAMES = ['VERDICT_NAMES', 'VerdictName'];

/**
 * TypeScript of a header's layouts and constants.
 *
 * @param named what of it is used; with a part of a structure comes what that part needs
 * @throws {Error} when two things would have one name, or a member cannot be reached in the way that is asked for
 */
export function layoutSource(header: Header, named: ReadonlySet<string>): string {
  const parts = partsNamed(header, named);
  const sections = [
    ...[...header.defines].map(([name, value]) => `/** \`${name}\`. */\nexport const ${name} = ${value};\n`),
    ...[...header.enums.values()].flatMap((type) => enumSources(type, named)),
    ...[...header.structs.values()].flatMap((struct) => {
      const wanted = parts.get(struct.name);
      return wanted === undefined ? [] : [structSource(struct, wanted, header.structs)];
    }),
  ];
  assertDistinct(sections.join('\n'));
  return [
    '// Generated from bpf/abi.h and native/metasteer.h by `npm run generate`: what TypeScript imports from here. Do not edit.',
    "import type { Memory } from './ffi.ts';\n",
    ...sections,
  ].join('\n');
}

/** Parts of structures that are named, and those that these need. */
function partsNamed(header: Header, named: ReadonlySet<string>): ReadonlyMap<string, ReadonlySet<StructPart>> {
  const parts = new Map<string, Set<StructPart>>();
  const add = (name: string, part: StructPart) => {
    const struct = header.structs.get(name);
    if (struct === undefined) return;
    parts.set(name, (parts.get(name) ?? new Set()).add(part));
    if (part === 'bytes' || part === 'words') return;
    if (part !== 'interface') add(name, 'interface');
    for (const inner of structsIn(struct)) add(inner, 'interface');
  };
  for (const struct of header.structs.values())
    for (const [name, part] of namesOf(struct)) if (named.has(name)) add(struct.name, part);
  return parts;
}

function enumSources(type: Enum, named: ReadonlySet<string>): readonly string[] {
  const name = constantName(type.name);
  const sources: string[] = [];
  if (named.has(name)) {
    const rows = type.values.map((value) => `  ${value.name}: ${value.value},`);
    sources.push([`/** \`enum ${type.name}\`. */`, `export const ${name} = {`, ...rows, '} as const;', ''].join('\n'));
  }
  if (type.name === VERDICTS && VERDICT_NAMES.some((each) => named.has(each))) sources.push(verdictNames(type));
  return sources;
}

/** The index of a name is that of the counter. */
function verdictNames(type: Enum): string {
  const names = type.values.filter(({ name }) => !name.endsWith('_COUNT'));
  const misplaced = names.find(({ value }, index) => value !== index);
  if (misplaced !== undefined)
    throw new Error(`${misplaced.name} is not in the order of the values of enum ${type.name}`);
  return [
    '/** Verdicts by value, as they are called in status, metrics and logs. */',
    'export const VERDICT_NAMES = [',
    ...names.map(({ name }) => `  '${name.replace(/^MS_/, '').toLowerCase()}',`),
    '] as const;',
    '',
    'export type VerdictName = (typeof VERDICT_NAMES)[number];',
    '',
  ].join('\n');
}

function assertDistinct(source: string): void {
  const names = [...source.matchAll(/^export (?:const|function|interface|type) (\w+)/gm)].map(([, name = '']) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two things would be called ${twice}`);
}
