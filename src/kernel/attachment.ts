import { callAsync, cString, type Memory, readU32, room } from './ffi.ts';
import {
  ATTACH_MODE,
  type Attachment as AttachmentState,
  HOOK,
  readAttachment,
  readStrangers,
  type Strangers,
  writeAttachment,
} from './layout.gen.ts';
import type { SteeringProgram } from './program.ts';

/** How programs may be attached: as a tcx link, as a clsact filter, or as what the kernel has. */
export type AttachMode = 'auto' | 'tcx' | 'clsact';

const MODES: Readonly<Record<AttachMode | XdpMode, number>> = {
  auto: ATTACH_MODE.MS_ATTACH_AUTO,
  tcx: ATTACH_MODE.MS_ATTACH_TCX,
  clsact: ATTACH_MODE.MS_ATTACH_CLSACT,
  generic: ATTACH_MODE.MS_ATTACH_XDP_GENERIC,
  native: ATTACH_MODE.MS_ATTACH_XDP_NATIVE,
};

const HOOKS = { ingress: HOOK.MS_HOOK_INGRESS, egress: HOOK.MS_HOOK_EGRESS, xdp: HOOK.MS_HOOK_XDP } as const;

/** Where an XDP program runs: on finished buffers, or in the driver. */
export type XdpMode = 'generic' | 'native';

export interface AttachPoint {
  /** Path of the namespace the interface is in. */
  readonly netns: string;
  readonly ifindex: number;
  readonly hook: 'ingress' | 'egress' | 'xdp';
}

/** An attachment in words, for the next daemon. */
export interface AttachmentDescription {
  readonly netns: string;
  /** Whether it is a tcx link; else a clsact filter. */
  readonly link: boolean;
  readonly ifindex: number;
  readonly hook: number;
  readonly handle: number;
  readonly priority: number;
  readonly qdiscCreated: number;
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
   * @throws {KernelError} EOPNOTSUPP when `tcx` is asked of a kernel without it, or `native` of a driver without it;
   *   EBUSY when another XDP program is there. The interface is then as it was.
   */
  static async attach(program: SteeringProgram, where: AttachPoint, mode: AttachMode | XdpMode): Promise<Attachment> {
    const state = room('ms_attachment');
    const netns = cString(where.netns);
    await callAsync('ms_attach', netns, where.ifindex, HOOKS[where.hook], program.fd, MODES[mode], state);
    return new Attachment(where.netns, readAttachment(state));
  }

  /** One that a daemon before this one made, and its link's descriptor where it is a link. */
  static adopt({ netns, link, ...state }: AttachmentDescription, linkFd: number): Attachment {
    const mode = link ? ATTACH_MODE.MS_ATTACH_TCX : ATTACH_MODE.MS_ATTACH_CLSACT;
    return new Attachment(netns, { ...state, mode, linkFd: link ? linkFd : -1 });
  }

  /** For the next daemon to adopt. */
  get description(): AttachmentDescription {
    const { ifindex, hook, handle, priority, qdiscCreated } = this.#state;
    return { netns: this.#netns, link: this.mode === 'tcx', ifindex, hook, handle, priority, qdiscCreated };
  }

  /** The link's descriptor, -1 where it is none. */
  get linkFd(): number {
    return this.#state.linkFd;
  }

  /** Puts another program in the place of the one that is attached, in one step. */
  async replace(program: SteeringProgram): Promise<void> {
    await callAsync('ms_attachment_replace', cString(this.#netns), this.state, program.fd);
  }

  /** `struct ms_attachment`, for calls that take it. */
  get state(): Memory<'ms_attachment'> {
    return writeAttachment(this.#state);
  }

  get mode(): 'tcx' | 'clsact' {
    return this.#state.mode === ATTACH_MODE.MS_ATTACH_TCX ? 'tcx' : 'clsact';
  }

  /** Takes the program off. Does nothing when the interface or its namespace has gone. */
  async detach(): Promise<void> {
    if (!this.#attached) return;
    this.#attached = false;
    await callAsync('ms_detach', cString(this.#netns), this.state);
  }
}

/** How many filters a daemon before this one left on an interface. */
export async function countLeftFilters(netns: string, ifindex: number): Promise<number> {
  const count = room('u32');
  await callAsync('ms_filters_left', cString(netns), ifindex, count);
  return readU32(count);
}

/**
 * Removes the filters that a daemon before this one left on an interface, but not those of `keep`; returns how many there
 * were.
 */
export async function clearLeftFilters(netns: string, ifindex: number, keep?: Attachment): Promise<number> {
  const removed = room('u32');
  await callAsync('ms_filters_clear', cString(netns), ifindex, keep?.state ?? room('ms_attachment'), removed);
  return readU32(removed);
}

/** How many programs of others there are on an interface. */
export async function lookForStrangers(netns: string, ifindex: number): Promise<Strangers> {
  const found = room('ms_strangers');
  await callAsync('ms_strangers_look', cString(netns), ifindex, found);
  return readStrangers(found);
}
