/** Runs programs under the restrictions of their systemd units, without systemd. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../src/demo/command.ts';
import { ROOT, read } from '../tidy/sources.ts';

const RESTRICT = join(ROOT, 'test/kit/restrict.py');

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Beside its own. */
  readonly groups: readonly number[];
}

export class RestrictedUnit {
  readonly #text: string;

  /** @param name of a unit in packaging/systemd */
  constructor(name: string) {
    this.#text = read(`packaging/systemd/${name}`);
  }

  /** The capabilities that are left, as setpriv(1) calls them. */
  get kept(): readonly string[] {
    return this.#words('CapabilityBoundingSet')
      .filter(Boolean)
      .map((name) => name.toLowerCase().replace('cap_', ''));
  }

  /**
   * A command that gives up what the unit takes away, and becomes what comes after it.
   *
   * @param as in the place of the user that the unit names, where it names one
   */
  async command(as?: Identity): Promise<readonly string[]> {
    assert.equal(as !== undefined, /^User=/m.test(this.#text), 'the unit names a user');
    const user =
      as === undefined
        ? []
        : [`--reuid=${as.uid}`, `--regid=${as.gid}`, `--groups=${[as.gid, ...as.groups].join(',')}`];
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
      ...['setpriv', ...user, `--bounding-set=${dropped.join(',')}`, '--inh-caps=-all', '--no-new-privs'],
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
      assert.equal(has !== 0n, allowed !== 0n);
    }
    assert.match(status, /^NoNewPrivs:\s*1$/m);
    assert.match(status, /^Seccomp:\s*2$/m);
  }

  #words(name: string): readonly string[] {
    const [value] = this.#values(name);
    assert.ok(value !== undefined, `${name} is set`);
    return value.split(' ');
  }

  #values(name: string): readonly string[] {
    return [...this.#text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
  }

  /**
   * The first list is of what is denied, where it begins with ~, or else of what is allowed; further ones take away from it or add to
   * it. What systemd does not know is not denied here.
   */
  async #deniedCalls(): Promise<readonly string[]> {
    const lists = this.#values('SystemCallFilter');
    const denied = new Set(lists[0]?.startsWith('~') ? [] : await callsOf('@known'));
    for (const list of lists) {
      const calls = (await Promise.all(list.replace(/^~/, '').split(' ').map(callsOf))).flat();
      for (const call of calls) {
        if (list.startsWith('~')) denied.add(call);
        else denied.delete(call);
      }
    }
    return [...denied];
  }
}

/** The system calls of one of systemd's groups, with those of the groups in it; a system call is its own. */
async function callsOf(name: string): Promise<readonly string[]> {
  if (!name.startsWith('@')) return [name];
  const said = await runCommand('systemd-analyze', ['syscall-filter', '--no-pager', name]);
  const members = said.split('\n').flatMap((line) => /^ +(@?[\w-]+)$/.exec(line)?.[1] ?? []);
  return (await Promise.all(members.map(callsOf))).flat();
}
