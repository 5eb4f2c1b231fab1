import type { Config } from '../config/config.ts';
import type { MetasteerError } from '../errors.ts';

/** An interface that the configuration selects, with what others have on it. */
export interface SelectedInterface {
  readonly namespace: string;
  readonly name: string;
  readonly owner: string;
  /** What makes it, such as `veth` or `openvswitch`; empty for hardware. */
  readonly kind: string;
  readonly strangers: { readonly filters: number; readonly tcx: number; readonly xdp: number };
}

export interface SelectedInterfaces {
  /** The first of them. */
  readonly looked: readonly SelectedInterface[];
  readonly count: number;
  /** Namespaces of owners that cannot be read, and why. */
  readonly broken: ReadonlyMap<string, string>;
}

/** What the kernel was tried for. */
export type Feature = 'sandbox' | 'bpf' | 'programs' | 'clsact' | 'tcx' | 'macvlan' | 'xdp-generic' | 'xdp-native';

/** Why each feature cannot be used; those that can be have undefined. */
export type Probed = Readonly<Record<Feature, string | undefined>>;

/** The machine as the doctor sees it; tests give their own. */
export interface Surroundings {
  readonly uid: number;
  /** As `uname -r` prints it. */
  readonly kernelRelease: string;
  /** As Node calls it. */
  readonly architecture: string;
  readonly nodeVersion: string;
  /** The text of a file; undefined when it cannot be read. */
  readonly readText: (path: string) => string | undefined;
  /** Names in a folder; none when it cannot be read. */
  readonly list: (path: string) => readonly string[];
  /** Why the shim, and with it libbpf and libmnl, cannot be loaded; undefined when it can. */
  readonly shimProblem: () => Promise<string | undefined>;
  /** Tries the kernel's features in a namespace that is removed again. Needs root. */
  readonly probe: (config: Config) => Promise<Probed>;
  /** Interfaces that the configuration selects. Needs root. */
  readonly interfaces: (config: Config) => Promise<SelectedInterfaces>;
  /** What keeps the workers from the agent's socket, who they are, and what is weak about that. */
  readonly agentSocket: (config: Config) => {
    readonly user: string;
    readonly weakness?: string;
    readonly problem?: MetasteerError;
  };
  /** Why nobody accepts connections at a socket; undefined when somebody does. */
  readonly connects: (socket: string) => Promise<string | undefined>;
}
