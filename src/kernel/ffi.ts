/** The only file that imports the FFI package: how the functions of native/metasteer.h (ffi.gen.ts) are called. */
import { createRequire } from 'node:module';
import ffi from 'ffi-napi';
import { type Parameters, SIGNATURES, SIZES } from './ffi.gen.ts';
import { KernelError } from './kernel-error.ts';
import { builtFile } from './paths.ts';

const POINTER_BYTES = 8;

/** The FFI package gives every buffer these. */
type PointerBuffer = Buffer & {
  writePointer(pointer: Buffer, at: number): void;
  readPointer(at: number, bytes: number): Buffer;
};

/** What `ffi` itself calls functions with. */
const bindings = createRequire(import.meta.url)('ffi-napi/lib/bindings.js') as {
  ffi_call(signature: Buffer, pointer: Buffer, result: Buffer, values: Buffer): void;
};

declare const holds: unique symbol;

/** Memory that holds one or more of what C calls so: `u32`, `ms_link`; `char` is a text that ends with zero. */
export type Memory<Type extends string> = Buffer & { readonly [holds]: Type };

type Sized = keyof typeof SIZES;
type Name = keyof Parameters;
/** Functions of two numbers without sign. */
type OfNumbers = {
  [K in Name]: (typeof SIGNATURES)[K] extends readonly ['int', readonly ['uint32', 'uint32']] ? K : never;
}[Name];

interface ForeignFunction {
  (...values: readonly unknown[]): number;
  async(...values: readonly unknown[]): void;
}

let loaded: Readonly<Record<string, ForeignFunction>> | undefined;

function shim(): Readonly<Record<string, ForeignFunction>> {
  loaded ??= ffi.Library(builtFile('shim'), SIGNATURES as never) as unknown as Record<string, ForeignFunction>;
  return loaded;
}

function foreign(name: Name): ForeignFunction {
  const found = shim()[name];
  if (found === undefined) throw new Error(`the shim has no ${name}`);
  return found;
}

function check(name: Name, result: number): void {
  if (result < 0) throw new KernelError(name, -result);
}

/** A C string. Paths and names travel as memory that ends with zero, so that a call on another thread can rely on them. */
export function cString(value: string): Memory<'char'> {
  return Buffer.from(`${value}\0`, 'utf8') as Memory<'char'>;
}

/**
 * Zeroed room for what a call writes, from the pool: an ArrayBuffer of its own costs many times these few bytes. Not to be
 * kept, because it keeps the pool's whole block.
 */
export function room<Type extends Sized>(type: Type, count = 1): Memory<Type> {
  return Buffer.allocUnsafe(SIZES[type] * count).fill(0) as Memory<Type>;
}

/** The same, with memory of its own: for what is large, or kept. */
export function ownRoom<Type extends Sized>(type: Type, count = 1): Memory<Type> {
  return Buffer.alloc(SIZES[type] * count) as Memory<Type>;
}

/** How many there is room for. */
export function countIn<Type extends Sized>(memory: Memory<Type>, type: Type): number {
  return Math.floor(memory.length / SIZES[type]);
}

/** Memory with one number. */
export function u32(value: number): Memory<'u32'> {
  const memory = room('u32');
  memory.writeUInt32LE(value);
  return memory;
}

/** Memory with numbers. */
export function s32s(values: readonly number[]): Memory<'s32'> {
  const memory = room('s32', values.length);
  for (const [index, value] of values.entries()) memory.writeInt32LE(value, index * SIZES.s32);
  return memory;
}

/** A number that C wrote. */
export function readU32(memory: Memory<'u32'>): number {
  return memory.readUInt32LE();
}

/** One of the numbers that C wrote. */
export function readS32(memory: Memory<'s32'>, index = 0): number {
  return memory.readInt32LE(index * SIZES.s32);
}

/**
 * Memory of the shim as a buffer, not copied.
 *
 * @param address of memory that stays mapped for as long as the buffer is used
 */
export function mapped(address: bigint, bytes: number): Buffer {
  const pointer = Buffer.alloc(POINTER_BYTES) as PointerBuffer;
  pointer.writeBigUInt64LE(address);
  return pointer.readPointer(0, bytes);
}

/**
 * Calls the shim on this thread. For what takes microseconds; everything else goes through `callAsync`.
 *
 * @throws {KernelError} when the shim returns a negative errno.
 */
export function call<K extends Name>(name: K, ...values: Parameters[K]): void {
  check(name, foreign(name)(...values));
}

/**
 * Makes a call with numbers that can be repeated without garbage. An ordinary call makes a buffer for each value, with a
 * finalizer, and thousands of them a second keep the collector busy.
 *
 * @param first the first argument, always the same
 * @returns calls it with the second argument; throws as `call`
 */
export function repeatable(name: OfNumbers, first: number): (second: number) => void {
  const uint32 = ffi.types.uint32;
  const signature = ffi.CIF(ffi.types.int, [uint32, uint32]);
  const pointer = ffi.DynamicLibrary(builtFile('shim')).get(name);
  const result = Buffer.alloc(ffi.types.long.size);
  const [one, two] = [Buffer.alloc(uint32.size), Buffer.alloc(uint32.size)] as const;
  const values = Buffer.alloc(2 * POINTER_BYTES) as PointerBuffer;
  for (const [index, argument] of [one, two].entries()) values.writePointer(argument, index * POINTER_BYTES);
  one.writeUInt32LE(first);
  return (second) => {
    two.writeUInt32LE(second);
    bindings.ffi_call(signature, pointer, result, values);
    check(name, result.readInt32LE());
  };
}

/** Calls the shim on a thread of the pool; rejects with KernelError when it returns a negative errno. */
export function callAsync<K extends Name>(name: K, ...values: Parameters[K]): Promise<void> {
  return new Promise((resolve, reject) => {
    foreign(name).async(...values, (error: Error | null, result: number) => {
      // `values` is read here so that no buffer is collected while the call runs.
      if (error) reject(error);
      else if (result < 0 && values.length > 0) reject(new KernelError(name, -result));
      else resolve();
    });
  });
}
