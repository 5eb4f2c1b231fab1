import { type Header, type Prototype, WIDTHS } from './header.ts';

/** A parameter as the FFI package takes it, its type in TypeScript, and what it points to where that has a size. */
interface Passing {
  readonly ffi: string;
  readonly type: string;
  readonly target: string | undefined;
}

/** Bytes without a structure, given or taken; how many, another parameter says. */
const BYTES: Passing = { ffi: 'pointer', type: 'Buffer', target: undefined };

const POINTERS: Readonly<Record<string, Passing>> = {
  'const char *': { ffi: 'pointer', type: "Memory<'char'>", target: undefined },
  'char *': BYTES,
  'const __u8 *': BYTES,
  '__u8 *': BYTES,
  'const void *': BYTES,
};

const NUMBERS: Readonly<Record<string, string>> = { __u8: 'uint8', __u16: 'uint16', __u32: 'uint32', __s32: 'int32' };

/**
 * TypeScript of a header's functions.
 *
 * @throws {Error} when a parameter is of a type that must not cross the border
 */
export function ffiSource(header: Header): string {
  const functions = [...header.functions.values()];
  return [
    '// Generated from native/metasteer.h by `npm run generate`. Do not edit.',
    "import type { Memory } from './ffi.ts';",
    '',
    '/** Functions as the FFI package takes them. */',
    'export const SIGNATURES = {',
    ...functions.map(
      (each) =>
        `  ${each.name}: ['int', [${passings(each, header)
          .map(({ ffi }) => `'${ffi}'`)
          .join(', ')}]],`,
    ),
    '} as const;',
    '',
    '/** Their parameters, and above each what C calls them. */',
    'export interface Parameters {',
    ...functions.flatMap((each) => [`  /** ${prototypeText(each)} */`, `  ${each.name}: [${tuple(each, header)}];`]),
    '}',
    '',
    '/** Bytes of what is passed by pointers. */',
    'export const SIZES = {',
    ...sizes(header).map(([name, bytes]) => `  ${name}: ${bytes},`),
    '} as const;',
    '',
  ].join('\n');
}

function prototypeText({ parameters }: Prototype): string {
  return (
    parameters.map(({ name, type }) => (type.endsWith('*') ? `${type}${name}` : `${type} ${name}`)).join(', ') || 'void'
  );
}

function tuple(each: Prototype, header: Header): string {
  const types = passings(each, header).map(({ type }) => type);
  return each.parameters.map(({ name }, index) => `${name}: ${types[index]}`).join(', ');
}

function passings(each: Prototype, header: Header): readonly Passing[] {
  return each.parameters.map(({ name, type }) => {
    const passing = POINTERS[type] ?? numberPassing(type) ?? memoryPassing(type, header);
    if (passing === undefined) throw new Error(`${name} of ${each.name} must not be of type ${type}`);
    return passing;
  });
}

function numberPassing(type: string): Passing | undefined {
  const ffi = NUMBERS[type];
  return ffi === undefined ? undefined : { ffi, type: 'number', target: undefined };
}

/** A pointer to structures, or to numbers. */
function memoryPassing(type: string, header: Header): Passing | undefined {
  const [, struct = '', number = ''] = /^(?:const )?(?:struct (\w+)|(__\w+)) \*$/.exec(type) ?? [];
  const target = number in WIDTHS ? number.replace(/^__/, '') : struct;
  if (!(number in WIDTHS) && !header.structs.has(struct)) return undefined;
  return { ffi: 'pointer', type: `Memory<'${target}'>`, target };
}

function sizes(header: Header): readonly (readonly [name: string, bytes: number])[] {
  const targets = new Set(
    [...header.functions.values()].flatMap((each) => passings(each, header).map(({ target }) => target)),
  );
  return [
    ...Object.entries(WIDTHS).map(([name, bytes]) => [name.replace(/^__/, ''), bytes] as const),
    ...[...header.structs.values()].map(({ name, bytes }) => [name, bytes] as const),
  ].filter(([name]) => targets.has(name) || name === 'u8');
}
