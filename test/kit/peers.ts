/** Real programs that take part in tests: where they are, and what happens when one is missing. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../tidy/sources.ts';

/** Debian's own Python, which knows Debian's packages; another one may come first in the path. */
export const PYTHON = '/usr/bin/python3';

/** Where packaging/setup-peers.sh unpacks what it does not install. */
export const UNPACKED = join(ROOT, 'node_modules/.cache/metasteer-peers');

const PACKAGES = '/usr/lib/python3/dist-packages';

/** A file, or the beginning of its name, that tells whether a peer is there. */
const PEERS = {
  'python3-webob': `${PACKAGES}/webob`,
  'python3-netaddr': `${PACKAGES}/netaddr`,
  'python3-neutron': `${PACKAGES}/neutron`,
  'python3-requests': `${PACKAGES}/requests`,
  slowhttptest: '/usr/bin/slowhttptest',
  haproxy: '/usr/sbin/haproxy',
  'cloud-init': join(UNPACKED, 'usr/lib/python3/dist-packages/cloudinit'),
  'python3-jsonschema': `${PACKAGES}/jsonschema`,
  'python3-configobj': `${PACKAGES}/configobj`,
  'python3-netifaces': `${PACKAGES}/netifaces`,
  'python3-nova': join(UNPACKED, 'usr/lib/python3/dist-packages/nova'),
  prometheus: join(UNPACKED, 'usr/bin/promtool'),
  'cloud-guest-utils': join(UNPACKED, 'usr/bin/ec2metadata'),
} as const;

export type Peer = keyof typeof PEERS;

/**
 * What `describe` gets as `skip` in tests that need peers. In CI nothing is skipped.
 *
 * @throws {AssertionError} in CI, when one is missing
 */
export function unlessThere(...peers: readonly Peer[]): false | string {
  const missing = peers.filter((peer) => !isThere(PEERS[peer]));
  if (missing.length === 0) return false;
  const message = `missing: ${missing.join(', ')}; packaging/setup-peers.sh gets them`;
  assert.notEqual(process.env['CI'], 'true', message);
  return message;
}

function isThere(path: string): boolean {
  try {
    return readdirSync(dirname(path)).some((name) => name.startsWith(basename(path)));
  } catch {
    return false;
  }
}

/** An agent written in Python. It tells things on its standard output, one JSON object a line. */
export class PythonAgent {
  readonly told: Readonly<Record<string, unknown>>[] = [];
  /** The end of what it wrote to its standard error. */
  errors = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    // 'close' comes after the last line was read.
    this.#ended = new Promise((resolve) => child.once('close', resolve));
  }

  /** Starts it, by its path in the repository, and waits until it tells that it listens. @throws {Error} when it ends before, with its last words */
  static start(script: string, ...args: readonly string[]): Promise<PythonAgent> {
    // What it asks is on this machine, whatever the environment says about HTTP proxies.
    const env = { ...process.env, no_proxy: '*' };
    const child = spawn(PYTHON, [join(ROOT, script), ...args], { stdio: 'pipe', env });
    const agent = new PythonAgent(child);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      agent.errors = (agent.errors + text).slice(-8192);
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`${script} ended with ${code}: ${agent.errors}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const record = JSON.parse(line) as Readonly<Record<string, unknown>>;
        if ('listening' in record) resolve(agent);
        else agent.told.push(record);
      });
    });
  }

  /** Ends its standard input, upon which it tells its last and ends. */
  async finish(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
