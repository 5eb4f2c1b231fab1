import { execFileSync } from 'node:child_process';

/** A member of a structure, of one of the types of `WIDTHS` or of a structure, or an array of such. */
export interface Member {
  readonly name: string;
  /** Such as `__u32` or `struct ms_rate`; of an array, that of its elements. */
  readonly type: string;
  /** Elements of an array. */
  readonly count: number | undefined;
  /** Bytes before it. */
  readonly at: number;
  readonly bytes: number;
}

export interface Struct {
  /** Such as `ms_rate`. */
  readonly name: string;
  readonly bytes: number;
  readonly members: readonly Member[];
}

export interface Enum {
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

/** A function that returns an int. */
export interface Prototype {
  readonly name: string;
  /** Their types, such as `const struct ms_maps *`. */
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
}

/** What headers of ours declare, by name and in their order. */
export interface Header {
  readonly structs: ReadonlyMap<string, Struct>;
  readonly enums: ReadonlyMap<string, Enum>;
  readonly functions: ReadonlyMap<string, Prototype>;
  /** Macros that were asked for and are numbers. */
  readonly defines: ReadonlyMap<string, number>;
}

/** Bytes of the types that may cross the border. */
export const WIDTHS: Readonly<Record<string, number>> = {
  __u8: 1,
  __u16: 2,
  __u32: 4,
  __s32: 4,
  __u64: 8,
};

/** Clang tells of each node where it stands, and of all that is included. */
const OUTPUT_MAX = 256 << 20;

/** The part of clang's account of a program that is read here. */
interface AstNode {
  readonly kind: string;
  readonly name?: string;
  readonly value?: string;
  readonly type?: { readonly qualType: string };
  readonly completeDefinition?: boolean;
  readonly inner?: readonly AstNode[];
}

/**
 * Reads a header and those it includes, by the compiler's own account: everything in them that is called `ms_…`.
 *
 * @param path absolute
 * @param defines macros of which the values are wanted; those that there are not are left out
 * @throws {Error} when it does not compile, or declares what must not cross the border: a type of no fixed width, hidden padding
 */
export function readHeader(path: string, defines: readonly string[]): Header {
  const include = `#include "${path}"\n`;
  const nodes = compile(include).filter(({ name }) => name?.startsWith('ms_'));
  const records = nodes.filter(({ kind, completeDefinition }) => kind === 'RecordDecl' && completeDefinition);
  const enums = nodes.filter(({ kind }) => kind === 'EnumDecl');
  const functions = nodes.filter(({ kind }) => kind === 'FunctionDecl');
  const expressions = [
    ...records.flatMap((record) => [sizeOf(nameOf(record)), ...fieldsOf(record).map((name) => offsetOf(record, name))]),
    ...enums.flatMap(fieldsOf),
  ];
  const values = evaluate(include, expressions, defines);
  const structs = new Map<string, Struct>();
  for (const record of records) structs.set(nameOf(record), structOf(record, values, structs));
  return {
    structs,
    enums: new Map(enums.map((type) => [nameOf(type), enumOf(type, values)])),
    functions: new Map(functions.map((node) => [nameOf(node), functionOf(node)])),
    defines: new Map(defines.filter((name) => values.has(name)).map((name) => [name, valueIn(values, name)])),
  };
}

/** What a program declares, as clang sees it. CLANG may name another. */
function compile(source: string): readonly AstNode[] {
  const flags = ['-std=gnu11', '-fsyntax-only', '-Xclang', '-ast-dump=json', '-xc', '-'];
  const options = { input: source, encoding: 'utf8', maxBuffer: OUTPUT_MAX, stdio: 'pipe' } as const;
  const { inner = [] } = JSON.parse(execFileSync(process.env['CLANG'] ?? 'clang', flags, options)) as AstNode;
  return inner;
}

/** Values of constant expressions, and of those macros that are defined. */
function evaluate(include: string, expressions: readonly string[], macros: readonly string[]): Values {
  const rows = [
    ...expressions.map((expression, index) => `PROBE_${index} = (${expression}),`),
    ...macros.map((name, index) => `#ifdef ${name}\nPROBE_${expressions.length + index} = (${name}),\n#endif`),
  ];
  const probe = compile(`${include}enum ms_probe {\n${rows.join('\n')}\n};\n`).find(({ name }) => name === 'ms_probe');
  const all = [...expressions, ...macros];
  return new Map(
    probe?.inner?.map((constant) => [all[Number(nameOf(constant).slice('PROBE_'.length))] ?? '', constantIn(constant)]),
  );
}

type Values = ReadonlyMap<string, number>;

function valueIn(values: Values, expression: string): number {
  const value = values.get(expression);
  if (value === undefined) throw new Error(`clang gives no value of ${expression}`);
  return value;
}

/** The value of the first constant in a tree. */
function constantIn(node: AstNode): number {
  if (node.kind === 'ConstantExpr' && node.value !== undefined) return Number(node.value);
  const [first] = node.inner ?? [];
  if (first === undefined) throw new Error(`clang gives no value of ${node.name ?? node.kind}`);
  return constantIn(first);
}

function nameOf({ kind, name }: AstNode): string {
  if (name === undefined) throw new Error(`a ${kind} has no name`);
  return name;
}

/** Names of a structure's members, or of an enumeration's constants. */
function fieldsOf({ inner = [] }: AstNode): readonly string[] {
  return inner.filter(({ kind }) => kind === 'FieldDecl' || kind === 'EnumConstantDecl').map(nameOf);
}

function sizeOf(struct: string): string {
  return `sizeof(struct ${struct})`;
}

function offsetOf(record: AstNode, member: string): string {
  return `__builtin_offsetof(struct ${nameOf(record)}, ${member})`;
}

function structOf(record: AstNode, values: Values, known: ReadonlyMap<string, Struct>): Struct {
  const name = nameOf(record);
  const members = (record.inner ?? [])
    .filter(({ kind }) => kind === 'FieldDecl')
    .map((field) => memberOf(name, field, valueIn(values, offsetOf(record, nameOf(field))), known));
  const bytes = valueIn(values, sizeOf(name));
  let end = 0;
  for (const member of members) {
    if (member.at !== end) throw new Error(`struct ${name} has hidden padding before ${member.name}`);
    end += member.bytes;
  }
  if (end !== bytes) throw new Error(`struct ${name} has hidden padding at its end`);
  return { name, bytes, members };
}

function memberOf(struct: string, field: AstNode, at: number, known: ReadonlyMap<string, Struct>): Member {
  const name = nameOf(field);
  const [, type = '', length] = /^([^[]+)(?:\[(\d+)\])?$/.exec(field.type?.qualType ?? '') ?? [];
  const width = WIDTHS[type] ?? known.get(type.replace(/^struct /, ''))?.bytes;
  if (width === undefined) throw new Error(`${name} of struct ${struct} must not be of type ${field.type?.qualType}`);
  const count = length === undefined ? undefined : Number(length);
  return { name, type, count, at, bytes: width * (count ?? 1) };
}

function enumOf(type: AstNode, values: Values): Enum {
  return { name: nameOf(type), values: fieldsOf(type).map((name) => ({ name, value: valueIn(values, name) })) };
}

function functionOf(node: AstNode): Prototype {
  const name = nameOf(node);
  if (!node.type?.qualType.startsWith('int (')) throw new Error(`${name} must return an int`);
  const parameters = (node.inner ?? [])
    .filter(({ kind }) => kind === 'ParmVarDecl')
    .map((parameter) => ({ name: nameOf(parameter), type: parameter.type?.qualType ?? '' }));
  return { name, parameters };
}
