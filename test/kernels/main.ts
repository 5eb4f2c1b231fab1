/**
 * Runs the checks on this machine, which is meant to be a guest with nothing else in it:   main.js veth|bridge|ovs...
 * One line for each check, a summary, and 1 as exit status when any failed. Needs root.
 */
import assert from 'node:assert/strict';
import { release } from 'node:os';
import { runCommand } from '../../src/demo/command.ts';
import { messageOf } from '../../src/errors.ts';
import { until } from '../kit/node.ts';
import { CHECKS, type Check } from './checks.ts';
import { Site } from './site.ts';
import type { WiringName } from './wiring.ts';

const WIRINGS: readonly WiringName[] = ['veth', 'bridge', 'ovs'];
/** The first kernel with tcx links. */
const TCX_FROM = [6, 6] as const;

interface Tally {
  readonly wiring: WiringName;
  readonly started: number;
  passed: number;
  failed: number;
  seconds: number;
}

async function measure(wiring: WiringName): Promise<Tally> {
  const tally: Tally = { wiring, started: Date.now(), passed: 0, failed: 0, seconds: 0 };
  const kernelSaid = (await kernelWarnings()).length;
  let site: Site | undefined;
  await judge(tally, 'both routers are steered', async () => {
    site = await Site.build(wiring, wiring === 'bridge' ? 'clsact' : 'auto');
  });
  if (site !== undefined) {
    for (const check of [attachment(wiring), ...CHECKS, ...afterwards(kernelSaid)]) {
      if (check.wirings?.includes(wiring) === false) continue;
      const current = site;
      await judge(tally, check.name, () => check.run(current));
    }
    await judge(tally, 'everything is taken away', () => site?.remove());
  }
  tally.seconds = Math.round((Date.now() - tally.started) / 1000);
  return tally;
}

async function judge(tally: Tally, name: string, run: () => Promise<void> | undefined): Promise<void> {
  try {
    await run();
    tally.passed += 1;
    say(`ok    ${tally.wiring.padEnd(7)} ${name}`);
  } catch (error) {
    tally.failed += 1;
    say(
      `FAIL  ${tally.wiring.padEnd(7)} ${name}\n      ${messageOf(error).slice(0, 4000).replaceAll('\n', '\n      ')}`,
    );
  }
}

/** Only here: on a developer's machine other daemons may run at the same time. */
function attachment(wiring: WiringName): Check {
  return {
    name: `both are attached by ${attachmentOf(wiring)}`,
    run: async (site) => {
      for (const tenant of site.tenants) assert.equal((await site.portOf(tenant)).attachment, attachmentOf(wiring));
    },
  };
}

function afterwards(kernelSaid: number): readonly Check[] {
  return [
    {
      name: 'no program of ours is loaded any more',
      run: () => until('none is listed', async () => !(await runCommand('bpftool', ['prog', 'show'])).includes('ms_')),
    },
    {
      name: 'the kernel gave no warning',
      run: async () => assert.deepEqual((await kernelWarnings()).slice(kernelSaid), []),
    },
  ];
}

/** What the daemon takes by itself; but on a bridge filters, so that both are gone through on every kernel. */
function attachmentOf(wiring: WiringName): 'tcx' | 'clsact' {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const hasTcx = major > TCX_FROM[0] || (major === TCX_FROM[0] && minor >= TCX_FROM[1]);
  return hasTcx && wiring !== 'bridge' ? 'tcx' : 'clsact';
}

/** Stalls are left out: under emulation they say only that the machine is slow. */
async function kernelWarnings(): Promise<readonly string[]> {
  const alarming = /WARNING:|BUG:|Oops|Call Trace|unregister_netdevice: waiting|over-mtu|bad checksum|hw csum/;
  return (await runCommand('dmesg', [])).split('\n').filter((line) => alarming.test(line));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const wanted = WIRINGS.filter((name) => process.argv.includes(name));
const tallies: Tally[] = [];
for (const wiring of wanted) tallies.push(await measure(wiring));
say('');
for (const { wiring, passed, failed, seconds } of tallies) {
  const words = [release().padEnd(26), wiring.padEnd(7), attachmentOf(wiring).padEnd(7)];
  say(`${words.join('')}${String(passed).padStart(3)} passed ${String(failed).padStart(3)} failed ${seconds} s`);
}
const good = tallies.length > 0 && tallies.every(({ failed }) => failed === 0);
// Not left to the event loop: what a failed check left behind must not keep the guest running.
process.exit(good ? 0 : 1);
