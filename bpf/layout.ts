/**
 * Writes src/kernel/layout.gen.ts from the BTF of layout.bpf.o, so that no layout is typed twice.
 *
 *   node dist/bpf/layout.js bpf/build/layout.json > src/kernel/layout.gen.ts
 */
import { readFileSync } from 'node:fs';

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly encoding?: string;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly members?: readonly BtfMember[];
  readonly values?: readonly { readonly name: string; readonly val: number }[];
}

interface BtfMember {
  readonly name: string;
  readonly type_id: number;
  readonly bits_offset: number;
}

/** How a member is read and written at `buffer` offset `at`, and its type in TypeScript. */
interface Access {
  readonly type: string;
  readonly read: (at: number) => string;
  readonly write: (at: number, value: string) => string;
}

const INTEGERS: Readonly<Record<string, { readonly type: string; readonly method: string }>> = {
  u8: { type: 'number', method: 'UInt8' },
  u16: { type: 'number', method: 'UInt16LE' },
  u32: { type: 'number', method: 'UInt32LE' },
  s32: { type: 'number', method: 'Int32LE' },
  u64: { type: 'bigint', method: 'BigUInt64LE' },
};

class Layouts {
  readonly #types: ReadonlyMap<number, BtfType>;

  constructor(types: readonly BtfType[]) {
    this.#types = new Map(types.map((type) => [type.id, type]));
  }

  /** The type behind any typedefs. */
  resolve(id: number): BtfType {
    const type = this.#types.get(id);
    if (type === undefined) throw new Error(`BTF names type ${id}, which is not there`);
    return type.kind === 'TYPEDEF' ? this.resolve(type.type_id ?? 0) : type;
  }

  access(id: number): Access {
    const type = this.resolve(id);
    if (type.kind === 'ARRAY') return this.#arrayAccess(type);
    if (type.kind === 'STRUCT') return structAccess(pascal(type.name));
    const bits = (type.size ?? 0) * 8;
    const integer = INTEGERS[`${type.encoding === 'SIGNED' ? 's' : 'u'}${bits}`];
    if (type.kind !== 'INT' || integer === undefined)
      throw new Error(`no TypeScript form for ${type.kind} ${type.name}`);
    return {
      type: integer.type,
      read: (at) => `buffer.read${integer.method}(at + ${at})`,
      write: (at, value) => `buffer.write${integer.method}(${value}, ${at})`,
    };
  }

  #arrayAccess(array: BtfType): Access {
    const element = this.resolve(array.type_id ?? 0);
    const length = array.nr_elems ?? 0;
    if (element.size === 1) {
      return {
        type: 'Uint8Array',
        read: (at) => `Uint8Array.from(buffer.subarray(at + ${at}, at + ${at + length}))`,
        write: (at, value) => `buffer.set(${value}.subarray(0, ${length}), ${at})`,
      };
    }
    if (element.size !== 8) throw new Error(`no TypeScript form for an array of ${element.name}`);
    return {
      type: 'readonly bigint[]',
      read: (at) => `Array.from({ length: ${length} }, (_, index) => buffer.readBigUInt64LE(at + ${at} + 8 * index))`,
      write: (at, value) =>
        `${value}.slice(0, ${length}).forEach((item, index) => buffer.writeBigUInt64LE(item, ${at} + 8 * index))`,
    };
  }
}

/** A structure within another. */
function structAccess(name: string): Access {
  return {
    type: name,
    read: (at) => `read${name}(buffer, at + ${at})`,
    write: (at, value) => `buffer.set(write${name}(${value}), ${at})`,
  };
}

/** `ms_port_constants` becomes `PortConstants`, `port_id` becomes `portId`. */
function pascal(name: string): string {
  const camelled = camel(name.replace(/^ms_/, ''));
  return camelled.charAt(0).toUpperCase() + camelled.slice(1);
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function structSource(type: BtfType, layouts: Layouts): string {
  const name = pascal(type.name);
  const members = (type.members ?? []).filter((member) => !member.name.startsWith('pad'));
  const rows = members.map((member) => ({
    name: camel(member.name),
    at: member.bits_offset / 8,
    access: layouts.access(member.type_id),
  }));
  return [
    `/** \`struct ${type.name}\`. */`,
    `export interface ${name} {`,
    ...rows.map((row) => `  readonly ${row.name}: ${row.access.type};`),
    '}',
    '',
    `/** Bytes of \`struct ${type.name}\`. */`,
    `export const ${constantName(name)}_BYTES = ${type.size};`,
    '',
    `export function read${name}(buffer: Buffer, at = 0): ${name} {`,
    '  return {',
    ...rows.map((row) => `    ${row.name}: ${row.access.read(row.at)},`),
    '  };',
    '}',
    '',
    `export function write${name}(value: ${name}): Buffer {`,
    `  const buffer = Buffer.allocUnsafe(${type.size}).fill(0);`,
    ...rows.map((row) => `  ${row.access.write(row.at, `value.${row.name}`)};`),
    '  return buffer;',
    '}',
    '',
  ].join('\n');
}

function constantName(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
}

/** Verdicts are also listed by name, in the order of their values: the index is the counter's. */
function enumSource(type: BtfType): string {
  const name = pascal(type.name);
  const values = type.values ?? [];
  const lines = [
    `/** \`enum ${type.name}\`. */`,
    `export const ${constantName(name)} = {`,
    ...values.map((value) => `  ${value.name}: ${value.val},`),
    '} as const;',
    '',
  ];
  if (type.name !== 'ms_verdict') return lines.join('\n');
  const names = values.filter((value) => !value.name.endsWith('_COUNT'));
  return [
    ...lines,
    '/** Verdicts by value, as they are called in status, metrics and logs. */',
    'export const VERDICT_NAMES = [',
    ...names.map((value) => `  '${value.name.replace(/^MS_/, '').toLowerCase()}',`),
    '] as const;',
    '',
    'export type VerdictName = (typeof VERDICT_NAMES)[number];',
    '',
  ].join('\n');
}

function main(path: string): void {
  const { types } = JSON.parse(readFileSync(path, 'utf8')) as { readonly types: readonly BtfType[] };
  const layouts = new Layouts(types);
  const parts = ['// Generated from bpf/abi.h and native/metasteer.h by `npm run generate`. Do not edit.\n'];
  for (const type of types) {
    if (type.name === 'ms_layout' || !type.name.startsWith('ms_')) continue;
    if (type.kind === 'ENUM') parts.push(enumSource(type));
    if (type.kind === 'STRUCT') parts.push(structSource(type, layouts));
  }
  process.stdout.write(parts.join('\n'));
}

const [, , path] = process.argv;
if (path === undefined) throw new Error('usage: node dist/bpf/layout.js LAYOUT.json');
main(path);
