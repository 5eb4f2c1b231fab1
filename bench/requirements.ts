import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

/** A program a case calls, or a file it needs by its absolute path, and the Debian package that has it. */
export interface Tool {
  readonly command: string;
  readonly package: string;
}

/** Programs of the administrator; `su` without a dash leaves these folders out of PATH. */
const ADMIN_FOLDERS = ['/usr/sbin', '/sbin'];

/**
 * What keeps these programs from being used here, in words with what to do about it; nothing when all is well.
 *
 * @param uid effective user id; cases make namespaces and load BPF programs, so it must be 0
 * @param isInstalled whether a command can be called
 */
export function missingRequirements(
  tools: readonly Tool[],
  uid: number | undefined,
  isInstalled: (command: string) => boolean,
): readonly string[] {
  const missing = tools.filter(({ command }) => !isInstalled(command));
  const commands = [...new Set(missing.map(({ command }) => command))].join(', ');
  const packages = [...new Set(missing.map((tool) => tool.package))].join(' ');
  return [
    ...(uid === 0 ? [] : ['It must run as root (sudo npm run bench): it makes namespaces and loads BPF programs.']),
    ...(missing.length === 0
      ? []
      : [`Not installed: ${commands}. On Debian and Ubuntu: apt-get install --no-install-recommends ${packages}`]),
  ];
}

/** Lets programs of the administrator be found, by this process and those it starts. */
export function extendPath(): void {
  const { PATH = '/usr/bin:/bin' } = process.env;
  Object.assign(process.env, { PATH: [...new Set([...PATH.split(':').filter(Boolean), ...ADMIN_FOLDERS])].join(':') });
}

/** Whether a command is on PATH and may be executed; of an absolute path, whether it is there. */
export function isOnPath(command: string): boolean {
  if (command.startsWith('/')) return existsSync(command);
  const { PATH = '' } = process.env;
  return PATH.split(':').some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
