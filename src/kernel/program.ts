import { call, callAsync, cString } from './ffi.ts';
import { type PortConstants, readTestResult, TEST_RESULT_BYTES, writePortConstants } from './layout.gen.ts';
import { type SteeringMaps, withLog } from './maps.ts';
import { builtFile } from './paths.ts';

export type ProgramKind = 'steer' | 'restore';

/** What one run of a program on one frame did. */
export interface TestRun {
  /** The program's return value: TC_ACT_UNSPEC (-1) passed, TC_ACT_OK (0) taken, TC_ACT_SHOT (2) dropped. */
  readonly action: number;
  readonly frame: Buffer;
  /** Average of one run in nanoseconds. */
  readonly durationNs: number;
}

/** One program instance, specialised for one port (design D3). Owns its descriptor. */
export class SteeringProgram {
  readonly kind: ProgramKind;
  readonly fd: number;
  #open = true;

  private constructor(kind: ProgramKind, fd: number) {
    this.kind = kind;
    this.fd = fd;
  }

  /**
   * Specialises a program for a port and loads it.
   *
   * @throws {KernelError} with the verifier's last lines when the kernel refuses it.
   */
  static async load(kind: ProgramKind, constants: PortConstants, maps: SteeringMaps): Promise<SteeringProgram> {
    const fd = Buffer.alloc(4);
    const path = cString(builtFile(kind));
    const packed = writePortConstants(constants);
    await withLog((log, size) => callAsync('ms_program_load', path, packed, maps.descriptors, fd, log, size));
    return new SteeringProgram(kind, fd.readInt32LE());
  }

  /**
   * Runs the program on one frame without an interface (BPF_PROG_TEST_RUN).
   *
   * @throws {KernelError} EINVAL for frames shorter than an Ethernet header.
   */
  testRun(frame: Uint8Array, repeat = 1): TestRun {
    const out = Buffer.alloc(frame.length + 256);
    const result = Buffer.alloc(TEST_RESULT_BYTES);
    call('ms_test_run', this.fd, Buffer.from(frame), frame.length, out, out.length, repeat, result);
    const { action, frameLen, durationNs } = readTestResult(result);
    return { action, frame: out.subarray(0, frameLen), durationNs };
  }

  /** The program stays loaded for as long as it is attached. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    call('ms_close', this.fd);
  }
}
