import { type Command, Option } from 'commander';

export const DEFAULT_ADMIN_SOCKET = '/run/metasteer/admin.sock';

/** How a command finds the daemon it speaks to. */
export interface AdminOptions {
  readonly socket?: string;
  readonly config?: string;
}

/** Adds the options of `AdminOptions` to a command. */
export function adminOptions(command: Command): Command {
  const socket = new Option('--socket <path>', `admin socket of the daemon (default: ${DEFAULT_ADMIN_SOCKET})`);
  const config = new Option('-c, --config <file>', 'take the admin socket from this configuration');
  return command.addOption(socket.conflicts('config')).addOption(config);
}

/** @throws {MetasteerError} `config-…` when the socket is to be taken from a bad configuration */
export async function socketOf({ socket, config }: AdminOptions): Promise<string> {
  if (config === undefined) return socket ?? DEFAULT_ADMIN_SOCKET;
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig(config).admin.socket;
}
