import type { Port } from './layout.gen.ts';

/** What a port begins with. */
export type PortBeginning = Pick<Port, 'routerMac' | 'deviceMac'> & Partial<Pick<Port, 'takingOverUntilNs' | 'netns'>>;

/** What a port begins with where nothing else is said. */
export const NEW_PORT: Omit<Port, 'routerMac' | 'deviceMac'> = {
  busyUntilNs: 0n,
  takingOverUntilNs: 0n,
  handedBusyUntilNs: 0n,
  asksBusyUntilNs: 0n,
  refusedNs: 0n,
  crowdedNs: 0n,
  neighbours: 0,
  confirmed: 0,
  open: 0,
  handedOpen: 0,
  evicted: 0,
  netns: 0,
};
