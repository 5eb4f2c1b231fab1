import type { Member, Struct } from './header.ts';

/** What can be written of a structure. */
export type StructPart = 'interface' | 'bytes' | 'read' | 'write' | 'words';

/** Structures by name, for those within others. */
export type Structs = ReadonlyMap<string, Struct>;

/** A member's type in TypeScript; how it is read at offset `at` of `memory`; and the statements that write a value there. */
interface Access {
  readonly type: string;
  readonly read: (at: number) => string;
  readonly write: (at: number, value: string) => readonly string[];
}

const INTEGERS: Readonly<Record<string, { readonly type: string; readonly method: string }>> = {
  __u8: { type: 'number', method: 'UInt8' },
  __u16: { type: 'number', method: 'UInt16LE' },
  __u32: { type: 'number', method: 'UInt32LE' },
  __s32: { type: 'number', method: 'Int32LE' },
  __u64: { type: 'bigint', method: 'BigUInt64LE' },
};

const WORD_BYTES = 4;

/** `ms_port_constants` is called `PortConstants`. */
export function typeName(name: string): string {
  const camelled = camel(name.replace(/^ms_/, ''));
  return camelled.charAt(0).toUpperCase() + camelled.slice(1);
}

/** `ms_port_constants` is called `PORT_CONSTANTS` in constants. */
export function constantName(name: string): string {
  return name.replace(/^ms_/, '').toUpperCase();
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The names by which each part of a structure is imported. */
export function namesOf(struct: Struct): readonly (readonly [name: string, part: StructPart])[] {
  const type = typeName(struct.name);
  return [
    [type, 'interface'],
    [`${constantName(struct.name)}_BYTES`, 'bytes'],
    [`read${type}`, 'read'],
    [`write${type}`, 'write'],
    ...wordNames(struct).map((name) => [name, 'words'] as const),
  ];
}

/** The structures within one. */
export function structsIn(struct: Struct): readonly string[] {
  return struct.members.flatMap(({ type }) => (type.startsWith('struct ') ? [type.slice('struct '.length)] : []));
}

/** TypeScript of a structure: of it, only these parts. */
export function structSource(struct: Struct, parts: ReadonlySet<StructPart>, structs: Structs): string {
  const writers: readonly (readonly [StructPart, (struct: Struct, structs: Structs) => readonly string[]])[] = [
    ['interface', interfaceSource],
    ['bytes', bytesSource],
    ['words', wordsSource],
    ['read', readSource],
    ['write', writeSource],
  ];
  const written = writers.filter(([part]) => parts.has(part)).map(([, write]) => write(struct, structs).join('\n'));
  return `${layoutComment(struct)}\n${written.join('\n\n')}\n`;
}

/** The whole layout in words, so that what is generated changes with every change of it. */
function layoutComment({ name, bytes, members }: Struct): string {
  const rows = members.map((member) => ` *   ${String(member.at).padStart(4)}  ${typeText(member)} ${member.name}`);
  return ['/**', ` * \`struct ${name}\`, ${bytes} bytes:`, ...rows, ' */'].join('\n');
}

function typeText({ type, count }: Member): string {
  return `${type.replace(/^__/, '')}${count === undefined ? '' : `[${count}]`}`;
}

function bytesSource({ name, bytes }: Struct): readonly string[] {
  return [`export const ${constantName(name)}_BYTES = ${bytes};`];
}

function interfaceSource(struct: Struct, structs: Structs): readonly string[] {
  return [
    `export interface ${typeName(struct.name)} {`,
    ...accesses(struct, structs).map(({ name, access }) => `  readonly ${name}: ${access.type};`),
    '}',
  ];
}

function readSource(struct: Struct, structs: Structs): readonly string[] {
  const type = typeName(struct.name);
  return [
    `export function read${type}(memory: Memory<'${struct.name}'>, index = 0): ${type} {`,
    `  const at = index * ${struct.bytes};`,
    '  return {',
    ...accesses(struct, structs).map(({ name, at, access }) => `    ${name}: ${access.read(at)},`),
    '  };',
    '}',
  ];
}

function writeSource(struct: Struct, structs: Structs): readonly string[] {
  const type = typeName(struct.name);
  return [
    `export function write${type}(value: ${type}): Memory<'${struct.name}'> {`,
    `  const memory = Buffer.allocUnsafe(${struct.bytes}).fill(0);`,
    ...accesses(struct, structs).flatMap(({ name, at, access }) =>
      access.write(at, `value.${name}`).map((statement) => `  ${statement};`),
    ),
    `  return memory as Memory<'${struct.name}'>;`,
    '}',
  ];
}

function accesses(struct: Struct, structs: Structs) {
  return filled(struct).map((member) => ({
    name: camel(member.name),
    at: member.at,
    access: accessOf(struct, member, structs),
  }));
}

/** Members that are not there to fill up. */
function filled({ members }: Struct): readonly Member[] {
  return members.filter(({ name }) => !name.startsWith('pad'));
}

function accessOf(struct: Struct, { name, type, count }: Member, structs: Structs): Access {
  const inner = structs.get(type.replace(/^struct /, ''));
  if (count !== undefined) return arrayAccess(struct, name, type, count);
  if (inner !== undefined) return structAccess(inner, structs);
  const integer = INTEGERS[type];
  if (integer === undefined) throw new Error(`${name} of struct ${struct.name} has no form in TypeScript: ${type}`);
  return {
    type: integer.type,
    read: (at) => `memory.read${integer.method}(at + ${at})`,
    write: (at, value) => [`memory.write${integer.method}(${value}, ${at})`],
  };
}

function arrayAccess(struct: Struct, name: string, type: string, count: number): Access {
  if (type === '__u8') {
    return {
      type: 'Uint8Array',
      read: (at) => `Uint8Array.from(memory.subarray(at + ${at}, at + ${at + count}))`,
      write: (at, value) => [`memory.set(${value}.subarray(0, ${count}), ${at})`],
    };
  }
  if (type !== '__u64')
    throw new Error(`${name} of struct ${struct.name} has no form in TypeScript: an array of ${type}`);
  return {
    type: 'readonly bigint[]',
    read: (at) => `Array.from({ length: ${count} }, (_, nth) => memory.readBigUInt64LE(at + ${at} + 8 * nth))`,
    write: (at, value) => [
      `${value}.slice(0, ${count}).forEach((item, nth) => memory.writeBigUInt64LE(item, ${at} + 8 * nth))`,
    ],
  };
}

/** A structure within another. */
function structAccess(inner: Struct, structs: Structs): Access {
  const members = accesses(inner, structs);
  return {
    type: typeName(inner.name),
    read: (at) => `{ ${members.map((member) => `${member.name}: ${member.access.read(at + member.at)}`).join(', ')} }`,
    write: (at, value) => members.flatMap((member) => member.access.write(at + member.at, `${value}.${member.name}`)),
  };
}

/**
 * Of a structure that is shared memory: how many words of 32 bits it has, and where its members are: `_WORD` in words, `_AT` in
 * bytes. Constants of their own, which cost nothing at run time.
 */
function wordsSource(struct: Struct): readonly string[] {
  const { name, bytes } = struct;
  const constant = constantName(name);
  if (bytes % WORD_BYTES !== 0) throw new Error(`struct ${name} is no whole number of words`);
  return [
    `export const ${constant}_WORDS = ${bytes / WORD_BYTES};`,
    ...filled(struct).flatMap((member) => wordSource(struct, member)),
  ];
}

function wordSource(struct: Struct, member: Member): readonly string[] {
  const constant = `${constantName(struct.name)}_${member.name.toUpperCase()}`;
  if (isBytes(member))
    return [`export const ${constant}_AT = ${member.at};`, `export const ${constant}_BYTES = ${member.bytes};`];
  if (member.count !== undefined || member.bytes !== WORD_BYTES || member.at % WORD_BYTES !== 0)
    throw new Error(
      `${member.name} of struct ${struct.name} is no word of 32 bits: ${typeText(member)} at ${member.at}`,
    );
  return [`export const ${constant}_WORD = ${member.at / WORD_BYTES};`];
}

function wordNames(struct: Struct): readonly string[] {
  const constant = constantName(struct.name);
  const members = filled(struct).flatMap((member) => {
    const name = `${constant}_${member.name.toUpperCase()}`;
    return isBytes(member) ? [`${name}_AT`, `${name}_BYTES`] : [`${name}_WORD`];
  });
  return [`${constant}_WORDS`, ...members];
}

function isBytes({ type, count }: Member): boolean {
  return type === '__u8' && count !== undefined;
}
