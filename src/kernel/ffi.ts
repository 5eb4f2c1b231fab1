/**
 * The only file that imports the FFI package: native/metasteer.h as TypeScript sees it.
 * A test holds the two equal in names and numbers of parameters.
 */
import { createRequire } from 'node:module';
import ffi from 'ffi-napi';
import { KernelError } from './kernel-error.ts';
import { builtFile } from './paths.ts';

const POINTER_BYTES = 8;

/** The FFI package gives every buffer this. */
type PointerBuffer = Buffer & { writePointer(pointer: Buffer, at: number): void };

/** What `ffi` itself calls functions with. */
const bindings = createRequire(import.meta.url)('ffi-napi/lib/bindings.js') as {
  ffi_call(signature: Buffer, pointer: Buffer, result: Buffer, values: Buffer): void;
};

/** Paths and names travel as buffers that end with zero, so that a call on another thread can rely on them. */
const text = 'pointer';

const SIGNATURES = {
  ms_netns_create: ['int', [text]],
  ms_netns_remove: ['int', [text]],
  ms_events_open: ['int', ['pointer']],
  ms_netns_look: ['int', [text, 'pointer', 'uint32', 'pointer', 'pointer']],
  ms_link_find: ['int', [text, text, 'pointer']],
  ms_port_create: ['int', [text, 'uint32', text, text, 'pointer']],
  ms_port_up: ['int', [text, text]],
  ms_port_mtu: ['int', [text, text, 'uint32']],
  ms_port_remove: ['int', [text, text]],
  ms_maps_create: ['int', [text, 'pointer', 'pointer', 'pointer', 'uint32']],
  ms_template_prepare: ['int', [text, text, 'pointer', 'pointer', 'uint32', 'pointer', 'pointer', 'uint32']],
  ms_program_load: ['int', ['pointer', 'uint32', 'pointer', 'uint32', 'pointer', 'pointer', 'pointer', 'uint32']],
  ms_program_tag: ['int', ['int32', 'pointer']],
  ms_attach: ['int', [text, 'uint32', 'uint32', 'int32', 'uint32', 'pointer']],
  ms_attachment_replace: ['int', [text, 'pointer', 'int32']],
  ms_detach: ['int', [text, 'pointer']],
  ms_filters_left: ['int', [text, 'uint32', 'pointer']],
  ms_filters_clear: ['int', [text, 'uint32', 'pointer', 'pointer']],
  ms_strangers_look: ['int', [text, 'uint32', 'pointer']],
  ms_stage_write: ['int', ['int32', 'uint32', 'int32']],
  ms_stage_clear: ['int', ['int32', 'uint32']],
  ms_draining_write: ['int', ['int32', 'uint32', 'uint32']],
  ms_device_write: ['int', ['int32', 'uint32', 'uint32']],
  ms_device_delete: ['int', ['int32', 'uint32']],
  ms_interface_write: ['int', ['int32', 'uint32', 'uint32', 'uint32']],
  ms_interface_delete: ['int', ['int32', 'uint32', 'uint32']],
  ms_prefixes_follow: ['int', ['pointer', text, 'uint32', 'uint32']],
  ms_counters_read: ['int', ['int32', 'uint32', 'uint32', 'pointer']],
  ms_limit_drops_read: ['int', ['int32', 'uint32', 'uint32', 'pointer']],
  ms_port_begin: ['int', ['pointer', 'uint32', 'pointer']],
  ms_port_end: ['int', ['pointer', 'uint32']],
  ms_ports_read: ['int', ['int32', 'uint32', 'uint32', 'pointer']],
  ms_settings_write: ['int', ['int32', 'pointer']],
  ms_neighbour_read: ['int', ['int32', 'pointer', 'pointer']],
  ms_neighbour_write: ['int', ['int32', 'pointer', 'pointer']],
  ms_port_write: ['int', ['int32', 'uint32', 'pointer']],
  ms_flow_read: ['int', ['int32', 'pointer', 'pointer']],
  ms_flow_write: ['int', ['int32', 'pointer', 'pointer']],
  ms_make_room: ['int', ['pointer', 'int32', 'uint32', 'uint32', 'uint32', 'pointer']],
  ms_resolver_open: ['int', ['int32', 'int32', 'pointer']],
  ms_resolver_port: ['int', ['uint32', text, 'uint32']],
  ms_sweep: ['int', ['pointer', 'int32', 'pointer', 'pointer']],
  ms_packet_events_open: ['int', ['int32', 'pointer']],
  ms_test_run: [
    'int',
    [text, 'uint32', 'uint32', 'int32', 'pointer', 'uint32', 'pointer', 'uint32', 'uint32', 'pointer'],
  ],
  ms_rates_create: ['int', ['uint32', 'pointer']],
  ms_rates_open: ['int', ['int32']],
  ms_rates_take: ['int', ['pointer', 'uint32', 'pointer', 'uint32', 'pointer']],
  ms_front_open: ['int', ['pointer', text, 'pointer', 'pointer', 'pointer', 'pointer']],
  ms_front_listen: ['int', ['uint32', 'int32', 'uint32', 'uint32']],
  ms_front_unlisten: ['int', ['uint32', 'uint32']],
  ms_front_submit: ['int', ['uint32', 'uint32', 'uint32']],
  ms_front_go_on: ['int', ['uint32']],
  ms_front_close: ['int', ['uint32']],
  ms_listen: ['int', [text, text, 'uint32', 'pointer']],
  ms_peer_mac: ['int', ['int32', 'pointer']],
  ms_fd_channel: ['int', ['pointer']],
  ms_fd_send: ['int', ['int32', 'int32', 'uint32']],
  ms_fd_receive: ['int', ['int32', 'pointer', 'pointer']],
  ms_notify: ['int', [text, text, 'int32']],
  ms_document_create: ['int', ['pointer', 'uint32', 'pointer']],
  ms_hand_over_listen: ['int', [text, 'pointer']],
  ms_hand_over_accept: ['int', ['int32', 'pointer']],
  ms_hand_over_connect: ['int', [text, 'pointer']],
  ms_fds_send: ['int', ['int32', 'pointer', 'uint32']],
  ms_fds_receive: ['int', ['int32', 'pointer', 'uint32', 'pointer']],
  ms_peer: ['int', ['int32', 'pointer', 'pointer']],
  ms_memory_trim: ['int', []],
  ms_close: ['int', ['int32']],
  ms_lock: ['int', [text, 'pointer', 'pointer']],
  ms_lock_name: ['int', ['int32', 'uint32']],
} as const;

type Name = keyof typeof SIGNATURES;
type Argument<T> = T extends 'pointer' ? Buffer : number;
type Arguments<T extends readonly string[]> = { -readonly [K in keyof T]: Argument<T[K]> };
type Parameters<K extends Name> = Arguments<(typeof SIGNATURES)[K][1]>;

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

/** A C string. */
export function cString(value: string): Buffer {
  return Buffer.from(`${value}\0`, 'utf8');
}

/**
 * Zeroed room for an out parameter, from the pool: an ArrayBuffer of its own costs many times these few bytes. Not to be
 * kept, because it keeps the pool's whole block.
 */
export function room(bytes: number): Buffer {
  return Buffer.allocUnsafe(bytes).fill(0);
}

/**
 * Calls the shim on this thread. For what takes microseconds; everything else goes through `callAsync`.
 *
 * @throws {KernelError} when the shim returns a negative errno.
 */
export function call<K extends Name>(name: K, ...values: Parameters<K>): void {
  check(name, foreign(name)(...values));
}

/**
 * Makes a call with numbers that can be repeated without garbage. An ordinary call makes a buffer for each value, with a
 * finalizer, and thousands of them a second keep the collector busy.
 *
 * @param first the first argument, always the same
 * @returns calls it with the second and third argument; throws as `call`
 */
export function repeatable(name: 'ms_front_submit', first: number): (second: number, third: number) => void {
  const uint32 = ffi.types.uint32;
  const signature = ffi.CIF(ffi.types.int, [uint32, uint32, uint32]);
  const pointer = ffi.DynamicLibrary(builtFile('shim')).get(name);
  const result = Buffer.alloc(ffi.types.long.size);
  const [one, two, three] = [Buffer.alloc(uint32.size), Buffer.alloc(uint32.size), Buffer.alloc(uint32.size)] as const;
  const values = Buffer.alloc(3 * POINTER_BYTES) as PointerBuffer;
  for (const [index, argument] of [one, two, three].entries()) values.writePointer(argument, index * POINTER_BYTES);
  one.writeUInt32LE(first);
  return (second, third) => {
    two.writeUInt32LE(second);
    three.writeUInt32LE(third);
    bindings.ffi_call(signature, pointer, result, values);
    check(name, result.readInt32LE());
  };
}

/** Calls the shim on a thread of the pool; rejects with KernelError when it returns a negative errno. */
export function callAsync<K extends Name>(name: K, ...values: Parameters<K>): Promise<void> {
  return new Promise((resolve, reject) => {
    foreign(name).async(...values, (error: Error | null, result: number) => {
      // `values` is read here so that no buffer is collected while the call runs.
      if (error) reject(error);
      else if (result < 0 && values.length > 0) reject(new KernelError(name, -result));
      else resolve();
    });
  });
}
