import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Programs the demo calls, with the Debian package that has them. */
const TOOLS = [
  ['ip', 'iproute2'],
  ['iptables', 'iptables'],
  ['iptables-restore', 'iptables'],
  ['ip6tables', 'iptables'],
  ['ip6tables-restore', 'iptables'],
  ['curl', 'curl'],
] as const;

/**
 * What keeps the demo from running here, in words; nothing when it can run.
 * Also lets programs of the administrator be found: `su` without a dash leaves them out of PATH.
 */
export function missingRequirements(): readonly string[] {
  const { PATH = '/usr/bin:/bin' } = process.env;
  const directories = [...PATH.split(':').filter(Boolean), '/usr/sbin', '/sbin'];
  Object.assign(process.env, { PATH: directories.join(':') });
  const missing = TOOLS.filter(([tool]) => !directories.some((directory) => isExecutable(join(directory, tool))));
  const packages = [...new Set(missing.map(([, name]) => name))];
  return [
    ...(process.getuid?.() === 0 ? [] : ['It must run as root: it makes network namespaces and loads BPF programs.']),
    ...(missing.length === 0
      ? []
      : [
          `Not installed: ${missing.map(([tool]) => tool).join(', ')}. On Debian and Ubuntu: apt-get install ${packages.join(' ')}`,
        ]),
  ];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
