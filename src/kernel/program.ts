import { withLog } from './explained-call.ts';
import { call, callAsync, cString, readS32, readU32, room } from './ffi.ts';
import { MS_TAG_BYTES, readTestResult } from './layout.gen.ts';
import type { SteeringMaps } from './maps.ts';
import { builtFile } from './paths.ts';

export type ProgramKind = 'match' | 'steer' | 'restore' | 'guard' | 'forget' | 'answer' | 'trace';

/** Where a program is, and what it is called there. */
const SOURCES = {
  match: { object: 'steer', name: 'ms_match' },
  steer: { object: 'steer', name: 'ms_steer' },
  restore: { object: 'restore', name: 'ms_restore' },
  guard: { object: 'guard', name: 'ms_guard' },
  forget: { object: 'forget', name: 'ms_forget' },
  answer: { object: 'forget', name: 'ms_answer' },
  trace: { object: 'trace', name: 'ms_trace' },
} as const satisfies Readonly<Record<ProgramKind, { readonly object: string; readonly name: string }>>;

/** What one run of a program on one frame did. */
export interface TestRun {
  /** The program's return value: TC_ACT_UNSPEC (-1) passed, TC_ACT_OK (0) taken, TC_ACT_SHOT (2) dropped; XDP_* of ms_guard. */
  readonly action: number;
  readonly frame: Buffer;
  /** Average of one run in nanoseconds. */
  readonly durationNs: number;
  /** Of the packet afterwards; 0 where it had no interface. */
  readonly mark: number;
}

/** Where a packet is tested that comes in at an interface. */
export interface TestPlace {
  /** Path of the namespace. */
  readonly netns: string;
  readonly ifindex: number;
  /** Of the packet. */
  readonly mark?: number;
}

/** Room for a template; the largest program takes a tenth of it. */
const TEMPLATE_BYTES_MAX = 64 * 1024;

/** A program that is relocated and known to pass the verifier, ready to be loaded as often as there are ports. */
export class ProgramTemplate {
  readonly kind: ProgramKind;
  readonly #bytes: Buffer;
  readonly #maps: SteeringMaps;

  private constructor(kind: ProgramKind, bytes: Buffer, maps: SteeringMaps) {
    this.kind = kind;
    this.#bytes = bytes;
    this.#maps = maps;
  }

  /**
   * Opens the object of a program; its instances will use these maps.
   *
   * @throws {KernelError} with the verifier's last lines when the kernel refuses it.
   */
  static async prepare(kind: ProgramKind, maps: SteeringMaps): Promise<ProgramTemplate> {
    const bytes = Buffer.alloc(TEMPLATE_BYTES_MAX);
    const length = room('u32');
    const { object, name } = SOURCES[kind];
    const from = [cString(builtFile(object)), cString(name), maps.descriptors] as const;
    await withLog((log, size) => callAsync('ms_template_prepare', ...from, bytes, bytes.length, length, log, size));
    return new ProgramTemplate(kind, Buffer.from(bytes.subarray(0, readU32(length))), maps);
  }

  /**
   * Loads one instance.
   *
   * @param constants what the program is specialised with: `struct ms_port_constants` for ms_match and ms_guard, for
   *   ms_restore the slot in `counters` of what is no port's, for ms_trace `struct ms_trace_filter`, for the others nothing
   * @throws {KernelError} EPROTO when they are not as long as the program's.
   */
  async load(constants: Buffer): Promise<SteeringProgram> {
    const fd = room('s32');
    const { descriptors } = this.#maps;
    await withLog((log, size) =>
      callAsync(
        ...(['ms_program_load', this.#bytes, this.#bytes.length, constants, constants.length] as const),
        ...([descriptors, fd, log, size] as const),
      ),
    );
    return new SteeringProgram(this.kind, readS32(fd));
  }
}

/** One loaded program. Owns its descriptor. */
export class SteeringProgram {
  readonly kind: ProgramKind;
  readonly fd: number;
  #open = true;

  constructor(kind: ProgramKind, fd: number) {
    this.kind = kind;
    this.fd = fd;
  }

  /**
   * Runs the program on one frame (BPF_PROG_TEST_RUN), without an interface unless one is given.
   *
   * @throws {KernelError} EINVAL for frames shorter than an Ethernet header.
   */
  testRun(frame: Uint8Array, repeat = 1, place: TestPlace = { netns: '', ifindex: 0 }): TestRun {
    const out = Buffer.alloc(frame.length + 256);
    const result = room('ms_test_result');
    const where = [cString(place.netns), place.ifindex, place.mark ?? 0] as const;
    call('ms_test_run', ...where, this.fd, Buffer.from(frame), frame.length, out, out.length, repeat, result);
    const { action, frameLen, durationNs, mark } = readTestResult(result);
    return { action, frame: out.subarray(0, frameLen), durationNs, mark };
  }

  /** The kernel's digest of its instructions, in hexadecimal: the same with whatever maps and constants. */
  get tag(): string {
    const tag = room('u8', MS_TAG_BYTES);
    call('ms_program_tag', this.fd, tag);
    return tag.toString('hex');
  }

  /** The program stays loaded for as long as it is attached. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    call('ms_close', this.fd);
  }
}
