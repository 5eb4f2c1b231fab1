import { callAsync, cString, room } from './ffi.ts';
import {
  ATTACH_MODE,
  ATTACHMENT_BYTES,
  type Attachment as AttachmentState,
  HOOK,
  readAttachment,
  writeAttachment,
} from './layout.gen.ts';
import type { SteeringProgram } from './program.ts';

/** How programs may be attached: as a tcx link, as a clsact filter, or as what the kernel has. */
export type AttachMode = 'auto' | 'tcx' | 'clsact';

const MODES: Readonly<Record<AttachMode, number>> = {
  auto: ATTACH_MODE.MS_ATTACH_AUTO,
  tcx: ATTACH_MODE.MS_ATTACH_TCX,
  clsact: ATTACH_MODE.MS_ATTACH_CLSACT,
};

export interface AttachPoint {
  /** Path of the namespace the interface is in. */
  readonly netns: string;
  readonly ifindex: number;
  readonly hook: 'ingress' | 'egress';
}

/** A program on an interface. Owns the link, or the filter. */
export class Attachment {
  readonly #netns: string;
  readonly #state: AttachmentState;
  #attached = true;

  private constructor(netns: string, state: AttachmentState) {
    this.#netns = netns;
    this.#state = state;
  }

  /**
   * @throws {KernelError} EOPNOTSUPP when `tcx` is asked of a kernel without it; the interface is then as it was.
   */
  static async attach(program: SteeringProgram, where: AttachPoint, mode: AttachMode): Promise<Attachment> {
    const state = room(ATTACHMENT_BYTES);
    const hook = where.hook === 'ingress' ? HOOK.MS_HOOK_INGRESS : HOOK.MS_HOOK_EGRESS;
    await callAsync('ms_attach', cString(where.netns), where.ifindex, hook, program.fd, MODES[mode], state);
    return new Attachment(where.netns, readAttachment(state));
  }

  get mode(): 'tcx' | 'clsact' {
    return this.#state.mode === ATTACH_MODE.MS_ATTACH_TCX ? 'tcx' : 'clsact';
  }

  /** Takes the program off. Does nothing when the interface or its namespace has gone. */
  async detach(): Promise<void> {
    if (!this.#attached) return;
    this.#attached = false;
    await callAsync('ms_detach', cString(this.#netns), writeAttachment(this.#state));
  }
}

/** Removes filters that a killed daemon left on an interface; returns how many there were. */
export async function clearLeftFilters(netns: string, ifindex: number): Promise<number> {
  const removed = room(4);
  await callAsync('ms_clsact_clear', cString(netns), ifindex, removed);
  return removed.readUInt32LE();
}
