import type { Config } from '../config/config.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { SteeringMaps } from '../kernel/maps.ts';
import { Programs } from '../kernel/programs.ts';

/** @throws {MetasteerError} `not-root` */
export function checkPrivileges(): void {
  if (process.geteuid?.() !== 0)
    throw new MetasteerError('not-root', `the daemon was started as uid ${process.geteuid?.()}`);
}

/**
 * Makes the shared maps: the first thing that needs BPF, so also the test of whether there is any.
 *
 * @throws {MetasteerError} `kernel-no-bpf` with the kernel's reason.
 */
export async function createMaps(config: Config): Promise<SteeringMaps> {
  const { portsMax, neighboursMax, flowsMax } = config.steering;
  try {
    return await SteeringMaps.create({ portsMax, neighboursMax, flowsMax });
  } catch (error) {
    if (error instanceof MetasteerError) throw error;
    throw new MetasteerError('kernel-no-bpf', `the kernel refuses BPF maps: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Opens the programs and has the kernel verify them, before any interface is touched.
 *
 * @throws {MetasteerError} `bpf-load-failed` with the verifier's last lines.
 */
export async function preparePrograms(maps: SteeringMaps, when: 'at once' | 'later' = 'at once'): Promise<Programs> {
  try {
    return await Programs.prepare(maps, when);
  } catch (error) {
    if (error instanceof MetasteerError) throw error;
    throw new MetasteerError('bpf-load-failed', `the kernel refuses a program: ${messageOf(error)}`, { cause: error });
  }
}
