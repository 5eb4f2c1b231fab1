/** What the machine gives a process: privileges, limits, files, libraries. */
import type { Config } from '../config/config.ts';
import { type Finding, failure, ok, warning } from './finding.ts';
import type { Surroundings } from './surroundings.ts';

/** Capabilities the supervisor uses, by their bits (capabilities(7)). */
const CAPABILITIES: Readonly<Record<string, number>> = {
  CAP_CHOWN: 0,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_NET_ADMIN: 12,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
};
/** A kernel with memory cgroups for BPF, whose maps do not count as locked memory (Linux 5.11). */
const NO_MEMLOCK = [5, 11] as const;
/** Descriptors of a process beside ports and connections. */
const OWN_DESCRIPTORS = 256;
/** In the supervisor for each port: the listening socket, the link, and a look at its namespace. */
const DESCRIPTORS_PER_PORT = 3;

export async function nodeFindings(config: Config, around: Surroundings): Promise<readonly Finding[]> {
  return [
    nodeVersion(around),
    await shim(around),
    ...capabilities(around),
    ...limits(config, around),
    ...folders(config, around),
  ];
}

function nodeVersion({ nodeVersion: version }: Surroundings): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 18)
    ? ok('program', `Node ${version}`)
    : failure('program', `Node ${version} is older than 20.18`, 'Install a newer Node.');
}

async function shim({ shimProblem }: Surroundings): Promise<Finding> {
  const problem = await shimProblem();
  if (problem === undefined) return ok('program', 'libbpf and libmnl are found');
  return failure(
    'program',
    `the native part cannot be loaded: ${problem}`,
    'Install libbpf1 and libmnl0, or build it.',
  );
}

function capabilities({ uid, readText }: Surroundings): readonly Finding[] {
  const area = 'privileges';
  if (uid !== 0) return [warning(area, `this is uid ${uid}`, 'The daemon runs as root; run the doctor as root too.')];
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText('/proc/self/status') ?? '')?.[1] ?? '0';
  const effective = BigInt(`0x${hex}`);
  const missing = Object.entries(CAPABILITIES)
    .filter(([, bit]) => (effective & (1n << BigInt(bit))) === 0n)
    .map(([name]) => name);
  return [
    missing.length === 0
      ? ok(area, 'root with all capabilities that are needed')
      : failure(area, `root without ${missing.join(', ')}`, 'Give them to this container or unit.'),
  ];
}

function limits({ steering, limits: request }: Config, { readText, kernelRelease }: Surroundings): readonly Finding[] {
  const area = 'limits';
  const text = readText('/proc/self/limits') ?? '';
  const hard = (name: string): number => {
    const value = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(text)?.[1];
    return value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value ?? 0);
  };
  const wanted = Math.max(DESCRIPTORS_PER_PORT * steering.portsMax, request.connections + steering.portsMax);
  const files = hard('Max open files');
  const locked = hard('Max locked memory');
  const [major = 0, minor = 0] = kernelRelease.split('.').map(Number.parseFloat);
  const isOld = major < NO_MEMLOCK[0] || (major === NO_MEMLOCK[0] && minor < NO_MEMLOCK[1]);
  return [
    files >= wanted + OWN_DESCRIPTORS
      ? ok(area, `${files} open files are enough for ${wanted}`)
      : warning(
          area,
          `${files} open files are less than the ${wanted + OWN_DESCRIPTORS} that ports and connections may take`,
          'Raise LimitNOFILE of the unit, or lower `limits.connections` or `steering.ports_max`.',
        ),
    isOld && locked !== Number.POSITIVE_INFINITY
      ? warning(
          area,
          `${locked} bytes of locked memory, which this kernel’s maps count as`,
          'Set LimitMEMLOCK=infinity.',
        )
      : ok(area, 'locked memory is no limit for maps'),
  ];
}

function folders({ netnsDir }: Config, { readText, list }: Surroundings): readonly Finding[] {
  const mounts = (readText('/proc/self/mounts') ?? '').split('\n').map((line) => line.split(' '));
  const found: Finding[] = [];
  const names = list(netnsDir);
  found.push(
    names.length > 0 || mounts.some(([, where]) => where === netnsDir)
      ? ok('mounts', `${netnsDir} has ${names.length} namespaces`)
      : warning(
          'mounts',
          `${netnsDir} has no namespaces`,
          'In a container, mount the host’s /run/netns with shared propagation; on a node without routers this is as it should be.',
        ),
  );
  const readOnly = mounts.find(([, where, , options = '']) => where === '/proc/sys' && /(^|,)ro(,|$)/.test(options));
  if (readOnly !== undefined)
    found.push(
      failure('mounts', '/proc/sys is read-only', 'Make it writable: the metasteer namespace has sysctls of its own.'),
    );
  found.push(ok('mounts', 'no bpf file system is needed'));
  return found;
}
