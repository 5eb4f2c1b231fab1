/** What the C of the shim is called with is checked before it is used. Needs no privileges: nothing gets as far as the kernel. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { callAsync, cString, room } from '../../src/kernel/ffi.ts';
import { isKernelError } from '../../src/kernel/kernel-error.ts';
import { MAPS_BYTES } from '../../src/kernel/layout.gen.ts';

const OWN = cString('/proc/self/ns/net');

describe('no device has the name', () => {
  const names: readonly [title: string, name: string][] = [
    ['that is empty, with which a socket would be bound to none and hear every tenant', ''],
    ['that is one byte too long, with which a socket would be bound to another', 'p'.repeat(16)],
    ['that is longer than the whole request to the kernel', 'p'.repeat(4096)],
  ];
  for (const [title, name] of names) {
    test(title, async () => {
      const device = cString(name);
      const calls = [
        () => callAsync('ms_listen', OWN, device, 1, room('s32')),
        () => callAsync('ms_port_create', OWN, 1, OWN, device, room('ms_link')),
        () => callAsync('ms_port_up', OWN, device),
        () => callAsync('ms_port_mtu', OWN, device, 1400),
        () => callAsync('ms_port_remove', OWN, device),
      ];
      for (const call of calls) await assert.rejects(call, (error) => isKernelError(error, 'EINVAL'));
    });
  }
});

/** As `struct template` of native/program.c: name, type, length of constants, count of instructions; then the instructions. */
const INSTRUCTIONS_AT = 28;
const INSTRUCTION_BYTES = 8;
const SOCKET_FILTER = 1;
const LOAD_ADDRESS = 0x18;
const OF_A_MAP = 0x10;
const SHARED_MAPS = MAPS_BYTES / 4;

function templateNaming(map: number, name = 'hostile'): Buffer {
  const template = Buffer.alloc(INSTRUCTIONS_AT + 2 * INSTRUCTION_BYTES);
  template.write(name, 'latin1');
  template.writeUInt32LE(SOCKET_FILTER, 16);
  template.writeUInt32LE(2, 24);
  template.writeUInt8(LOAD_ADDRESS, INSTRUCTIONS_AT);
  template.writeUInt8(OF_A_MAP, INSTRUCTIONS_AT + 1);
  template.writeInt32LE(map, INSTRUCTIONS_AT + 4);
  return template;
}

describe('a template is not loaded', () => {
  const templates: readonly [title: string, template: Buffer][] = [
    ['that names a map behind the last one', templateNaming(SHARED_MAPS + 1)],
    ['that names a map far behind the last one', templateNaming(0x7fffffff)],
    ['that names a map before the first one', templateNaming(-1)],
    ['whose name does not end', templateNaming(0, 'm'.repeat(16))],
    ['that is shorter than it says', templateNaming(0).subarray(0, INSTRUCTIONS_AT + INSTRUCTION_BYTES)],
  ];
  for (const [title, template] of templates) {
    test(title, async () => {
      const log = room('u8', 4096);
      const load = () =>
        callAsync(
          'ms_program_load',
          template,
          template.length,
          room('u8'),
          0,
          room('ms_maps'),
          room('s32'),
          log,
          log.length,
        );
      await assert.rejects(load, (error) => isKernelError(error, 'EPROTO'));
    });
  }
});
