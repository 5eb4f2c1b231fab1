/** Runs programs under the restrictions of their systemd units, without systemd. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../src/demo/command.ts';
import { ROOT, read } from '../tidy/sources.ts';

const RESTRICT = join(ROOT, 'test/kit/restrict.py');

export class RestrictedUnit {
  readonly #text: string;

  /** @param name of a unit in packaging/systemd */
  constructor(name: string) {
    this.#text = read(`packaging/systemd/${name}`);
  }

  /** The capabilities that are left, as setpriv(1) calls them. */
  get kept(): readonly string[] {
    return this.#words('CapabilityBoundingSet').map((name) => name.toLowerCase().replace('cap_', ''));
  }

  /** A command that gives up what the unit takes away, and becomes what comes after it. */
  async command(): Promise<readonly string[]> {
    const { kept } = this;
    const all = (await runCommand('setpriv', ['--list-caps'])).trim().split('\n');
    const dropped = all.filter((name) => !kept.includes(name)).map((name) => `-${name}`);
    const namespaces = this.#words('RestrictNamespaces');
    const lists = [
      await this.#deniedCalls(),
      this.#words('RestrictAddressFamilies'),
      // `yes` is none of them.
      namespaces[0] === 'yes' ? [] : namespaces,
    ];
    return [
      ...['setpriv', `--bounding-set=${dropped.join(',')}`, '--inh-caps=-all', '--no-new-privs'],
      ...['/usr/bin/python3', RESTRICT, ...lists.map((list) => list.join(','))],
    ];
  }

  /** A process has no capability but those of the unit, a filter of system calls, and can gain no privileges. */
  assertHolds(pid: number): void {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const numbers = readFileSync('/usr/include/linux/capability.h', 'utf8').matchAll(/^#define CAP_(\w+)\s+(\d+)$/gm);
    const bits = new Map([...numbers].map(([, name = '', bit]) => [name.toLowerCase(), 1n << BigInt(bit ?? 0)]));
    const allowed = this.kept.reduce((mask, name) => mask | (bits.get(name) ?? 0n), 0n);
    for (const set of ['CapBnd', 'CapPrm', 'CapEff']) {
      const has = BigInt(`0x${new RegExp(`^${set}:\\s*(\\w+)$`, 'm').exec(status)?.[1]}`);
      assert.equal(has & ~allowed, 0n, set);
      assert.notEqual(has, 0n);
    }
    assert.match(status, /^NoNewPrivs:\s*1$/m);
    assert.match(status, /^Seccomp:\s*2$/m);
  }

  #words(name: string): readonly string[] {
    const value = new RegExp(`^${name}=(.*)$`, 'm').exec(this.#text)?.[1];
    assert.ok(value, `${name} is set`);
    return value.replace(/^~/, '').split(' ');
  }

  /** The list is of what is denied, where it begins with ~, or else of what is allowed; what systemd does not know is then not denied here. */
  async #deniedCalls(): Promise<readonly string[]> {
    const listed = await Promise.all(this.#words('SystemCallFilter').map(callsOf));
    if (/^SystemCallFilter=~/m.test(this.#text)) return listed.flat();
    const allowed = new Set(listed.flat());
    return (await callsOf('@known')).filter((name) => !allowed.has(name));
  }
}

/** The system calls of one of systemd's groups, with those of the groups in it; a system call is its own. */
async function callsOf(name: string): Promise<readonly string[]> {
  if (!name.startsWith('@')) return [name];
  const said = await runCommand('systemd-analyze', ['syscall-filter', '--no-pager', name]);
  const members = said.split('\n').flatMap((line) => /^ +(@?[\w-]+)$/.exec(line)?.[1] ?? []);
  return (await Promise.all(members.map(callsOf))).flat();
}
