import { messageOf } from '../errors.ts';
import { macAddressBytes } from '../identity/mac-address.ts';
import type { PortId } from '../identity/port-id.ts';
import { Attachment, type XdpMode } from '../kernel/attachment.ts';
import { isKernelError } from '../kernel/kernel-error.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import type { Programs } from '../kernel/programs.ts';
import type { Logger } from '../log.ts';
import type { LiveConfig } from './live-config.ts';
import type { Port } from './port.ts';
import { nextShieldState, SHIELD_DOWN, type ShieldState } from './shield-state.ts';

const EVERY_MS = 1000;
/** Kinds on which native XDP is refused, or costs bystanders more than it saves (design D2). */
const VIRTUAL_KINDS: ReadonlySet<string> = new Set(['veth', 'openvswitch', 'vlan', 'macvlan', 'bridge', 'bond', 'tun']);

export interface ShieldContext {
  readonly config: LiveConfig;
  readonly maps: SteeringMaps;
  readonly programs: Programs;
  readonly log: Logger;
  readonly ports: () => readonly Port[];
}

/** The XDP program of one port, while it is attached. */
interface Shielded {
  readonly port: Port;
  readonly attachment: Attachment;
  readonly mode: XdpMode;
}

/**
 * Puts ms_guard in front of ports under flood, and takes it off when they are calm; or keeps it on all, as `guard.xdp`
 * says. Looks once a second. Bounded by the ports there are.
 */
export class Shield {
  readonly #context: ShieldContext;
  readonly #states = new Map<PortId, ShieldState>();
  readonly #shielded = new Map<PortId, Shielded>();
  /** Ports it could not be put on: not tried again while they are the same ports. */
  readonly #refused = new Set<Port>();
  #drops: BigUint64Array | undefined;
  #lookedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #switches = 0;
  /** As of the last look: when it changes, the shield begins anew. */
  #mode = '';

  constructor(context: ShieldContext) {
    this.#context = context;
    this.#later();
  }

  /** How often it was put on or taken off a port. */
  get switches(): number {
    return this.#switches;
  }

  modeOf(portId: PortId): XdpMode | undefined {
    return this.#shielded.get(portId)?.mode;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
    clearTimeout(this.#timer);
    await this.#lowerAll('the daemon stops');
  }

  async #lowerAll(why: string): Promise<void> {
    this.#states.clear();
    this.#refused.clear();
    this.#drops = undefined;
    for (const { port } of [...this.#shielded.values()]) await this.#lower(port, why);
  }

  #later(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#look()
        .catch((error) => this.#context.log.error({ error: messageOf(error) }, 'the shield could not be looked after'))
        .then(() => this.#later());
    }, EVERY_MS);
  }

  async #look(): Promise<void> {
    const { xdp, xdpMode } = this.#context.config.current.guard;
    const ports = this.#context.ports();
    await this.#forgetGone(new Set(ports));
    if (this.#mode !== `${xdp} ${xdpMode}`) await this.#lowerAll('the configuration changed');
    this.#mode = `${xdp} ${xdpMode}`;
    if (xdp === 'off') return;
    if (xdp === 'always') {
      for (const port of ports) await this.#raise(port, 'it always is');
      return;
    }
    const before = this.#drops;
    const now = await this.#context.maps.limitDrops();
    const elapsedMs = performance.now() - this.#lookedAt;
    this.#drops = now;
    this.#lookedAt = performance.now();
    if (before === undefined) return;
    for (const port of ports) {
      const dropped = Number((now[port.id] ?? 0n) - (before[port.id] ?? 0n));
      // Less than before: the slot was given to another port in between.
      await this.#judge(port, Math.max(0, dropped), elapsedMs);
    }
  }

  async #judge(port: Port, dropped: number, elapsedMs: number): Promise<void> {
    const { xdpOn, xdpCalmMs } = this.#context.config.current.guard;
    const state = this.#states.get(port.id) ?? SHIELD_DOWN;
    const next = nextShieldState(state, dropped, elapsedMs, { on: xdpOn, calmMs: xdpCalmMs });
    this.#states.set(port.id, next);
    if (next.isUp && !state.isUp) await this.#raise(port, `${Math.round((dropped * 1000) / elapsedMs)} drops a second`);
    if (!next.isUp && state.isUp) await this.#lower(port, 'it is calm');
  }

  async #raise(port: Port, why: string): Promise<void> {
    if (this.#shielded.has(port.id) || this.#refused.has(port)) return;
    const { log } = this.#context;
    try {
      const shielded = await this.#attach(port);
      this.#shielded.set(port.id, shielded);
      this.#switches += 1;
      log.info({ ...whereOf(port), mode: shielded.mode, why }, 'the shield is up');
    } catch (error) {
      this.#refused.add(port);
      log.warn({ ...whereOf(port), error: messageOf(error) }, 'the shield cannot be put up');
    }
  }

  async #attach(port: Port): Promise<Shielded> {
    const { programs } = this.#context;
    const macs = { routerMac: macAddressBytes(port.found.link.mac), deviceMac: macAddressBytes(port.device.link.mac) };
    const program = await programs.loadGuard({ portId: port.id, ...macs, hold: 0 });
    const where = { netns: port.found.netns, ifindex: port.found.link.ifindex, hook: 'xdp' } as const;
    const [preferred, other] = this.#modesFor(port);
    try {
      return { port, attachment: await Attachment.attach(program, where, preferred), mode: preferred };
    } catch (error) {
      if (other === undefined || !isKernelError(error, 'EOPNOTSUPP')) throw error;
      return { port, attachment: await Attachment.attach(program, where, other), mode: other };
    } finally {
      program.close();
    }
  }

  #modesFor(port: Port): readonly [XdpMode, XdpMode?] {
    const { xdpMode } = this.#context.config.current.guard;
    if (xdpMode !== 'auto') return [xdpMode];
    return VIRTUAL_KINDS.has(port.found.link.kind) ? ['generic'] : ['native', 'generic'];
  }

  async #lower(port: Port, why: string): Promise<void> {
    const shielded = this.#shielded.get(port.id);
    if (shielded === undefined) return;
    // Forgotten after it is off: until then status says that it is up, as it is.
    await shielded.attachment.detach().finally(() => this.#shielded.delete(port.id));
    this.#switches += 1;
    this.#context.log.info({ ...whereOf(port), why }, 'the shield is down');
  }

  /** A port that is gone takes its slot's state with it. */
  async #forgetGone(present: ReadonlySet<Port>): Promise<void> {
    for (const { port } of [...this.#shielded.values()])
      if (!present.has(port)) await this.#lower(port, 'the port is gone');
    for (const port of this.#refused) if (!present.has(port)) this.#refused.delete(port);
    const slots = new Set([...present].map(({ id }) => id));
    for (const id of this.#states.keys()) if (!slots.has(id)) this.#states.delete(id);
  }
}

function whereOf({ id, owner, found }: Port): Readonly<Record<string, unknown>> {
  return { owner: owner.id, namespace: found.namespace, interface: found.link.name, port: id };
}
