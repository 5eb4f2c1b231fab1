/** What the daemon's processes need while nobody asks anything. */
import { setTimeout as sleep } from 'node:timers/promises';
import { processCpu } from '../cpu.ts';
import { type Plan, RESCAN_SECONDS } from './plan.ts';

export interface IdleCpu {
  /** Of one core, with the share of the regular look where it was measured. */
  readonly idleCpuPercent: number;
  /** Between two regular looks, where they are told apart. */
  readonly quietCpuPercent?: number;
  /** Of one regular look at all routers, where it is told apart. */
  readonly lookCpuMs?: number;
}

/**
 * Of `rescanSeconds`. The first time watched begins when the daemon is calm (`calmMs`) and ends before the look that comes
 * `rescanSeconds` after the last change; the second is so long that the look is over within it.
 */
const CALM_SHARE = 4 / 9;
const QUIET_SHARE = 4 / 9;
const LOOK_SHARE = 4 / 9;
/** What is done once after the start is over. */
const CALM_MS = 2_000;
/** With many routers V8 collects their garbage in several turns. */
const CALM_AFTER_MANY_MS = 20_000;

/** The setting of the daemon that `measureIdleCpu` expects. */
export function idleSettings({ look }: Plan, routers: number) {
  return isLookTold(look, routers) ? { discovery: { rescan: `${look.rescanSeconds}s` } } : {};
}

/** Milliseconds from the start of the daemon, with all routers steered, to the call of `measureIdleCpu`. */
export function calmMs({ look }: Plan, routers: number): number {
  if (routers < look.fromRouters) return CALM_MS;
  return look.rescanSeconds === undefined ? CALM_AFTER_MANY_MS : look.rescanSeconds * CALM_SHARE * 1000;
}

/** Seconds that `measureIdleCpu` takes. */
export function idleTime({ look, idleSeconds }: Plan, routers: number): number {
  if (routers < look.fromRouters) return idleSeconds;
  return look.rescanSeconds === undefined ? RESCAN_SECONDS : look.rescanSeconds * (QUIET_SHARE + LOOK_SHARE);
}

/** To be called `calmMs` after all routers are steered. */
export async function measureIdleCpu(
  plan: Plan,
  routers: number,
  processes: readonly number[],
  signal: AbortSignal,
): Promise<IdleCpu> {
  const { look } = plan;
  if (!isLookTold(look, routers)) {
    const seconds = idleTime(plan, routers);
    return { idleCpuPercent: percentOf(await spentMs(processes, seconds, signal), seconds) };
  }
  const quietSeconds = look.rescanSeconds * QUIET_SHARE;
  const quietMs = await spentMs(processes, quietSeconds, signal);
  const lookSeconds = look.rescanSeconds * LOOK_SHARE;
  return withLook(quietMs / quietSeconds, await spentMs(processes, lookSeconds, signal), lookSeconds);
}

/**
 * Shares one look out to the time between two looks in service.
 *
 * @param quietMs milliseconds of processor time per second without a look
 * @param lookMs in a time of `seconds` with one look in it
 */
export function withLook(quietMs: number, lookMs: number, seconds: number): Required<IdleCpu> {
  const lookCpuMs = Math.max(0, lookMs - quietMs * seconds);
  const quietCpuPercent = percentOf(quietMs, 1);
  return { idleCpuPercent: quietCpuPercent + percentOf(lookCpuMs, RESCAN_SECONDS), quietCpuPercent, lookCpuMs };
}

function isLookTold(look: Plan['look'], routers: number): look is Required<Plan['look']> {
  return routers >= look.fromRouters && look.rescanSeconds !== undefined;
}

async function spentMs(processes: readonly number[], seconds: number, signal: AbortSignal): Promise<number> {
  const before = processCpu(processes).total;
  await sleep(seconds * 1000, undefined, { signal });
  return (processCpu(processes).total - before) / 1000;
}

function percentOf(ms: number, seconds: number): number {
  return ms / seconds / 10;
}
