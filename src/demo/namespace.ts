import { type CommandOptions, type CommandResult, runCommand, tryCommand } from './command.ts';

export interface Link {
  readonly name: string;
  readonly index: number;
  readonly mac: string;
}

/** A named network namespace, as `ip netns` keeps them. The object does not own it: its Topology does. */
export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get path(): string {
    return `/run/netns/${this.name}`;
  }

  /** Runs `ip` on this namespace. @throws {CommandError} */
  ip(...args: readonly string[]): Promise<string> {
    return runCommand('ip', ['-n', this.name, ...args]);
  }

  /** Runs a program inside this namespace. @throws {CommandError} */
  run(command: string, args: readonly string[], options?: CommandOptions): Promise<string> {
    return runCommand('ip', ['netns', 'exec', this.name, command, ...args], options);
  }

  /** Runs a program inside this namespace and gives what it said, whatever its exit status. */
  try(command: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return tryCommand('ip', ['netns', 'exec', this.name, command, ...args], options);
  }

  /** Writes one value to several kernel settings, named as paths below /proc/sys/net. @throws {CommandError} */
  async sysctl(value: string, ...names: readonly string[]): Promise<void> {
    // /proc/sys/net shows the namespace of whoever opens it, so a program inside must write; tee is always there.
    const files = names.map((name) => `/proc/sys/net/${name}`);
    await this.run('tee', files, { input: value });
  }

  /** @throws {CommandError} when there is no such interface. */
  async link(name: string): Promise<Link> {
    const text = await this.ip('-j', 'link', 'show', 'dev', name);
    const [link] = JSON.parse(text) as readonly { ifindex: number; address: string }[];
    if (link === undefined) throw new Error(`no interface ${name} in ${this.name}`);
    return { name, index: link.ifindex, mac: link.address };
  }

  /** The interface's IPv6 link-local addresses that may be used, that is, are not tentative. */
  async linkLocals(name: string): Promise<readonly string[]> {
    const text = await this.ip('-j', '-6', 'addr', 'show', 'dev', name, 'scope', 'link');
    const links = JSON.parse(text) as readonly { addr_info?: readonly { local?: string; tentative?: boolean }[] }[];
    return links
      .flatMap((link) => link.addr_info ?? [])
      .flatMap((info) => (info.local === undefined || info.tentative === true ? [] : [info.local]));
  }
}
