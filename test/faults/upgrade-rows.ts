import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tryCommand } from '../../src/demo/command.ts';
import { until } from '../kit/node.ts';
import { operate } from '../kit/operator.ts';
import { OtherVersion } from '../kit/other-version.ts';
import type { Strike } from '../kit/strikes.ts';
import { type ChangeSite, PER_PORT, PROGRAMS, TAKEN } from './change-site.ts';
import type { FaultRow } from './row.ts';

const holds = 'the one that runs goes on as it was, and says why';
const STRUCK = /struck by the test/;
const KILLED = /ended with SIGKILL/;

function struck(step: string, how: Strike, why: RegExp): FaultRow<ChangeSite> {
  const second = PER_PORT.has(step);
  return {
    fault: how === 'kill' ? 'the other version is killed' : 'the other version fails',
    when: `at the step “${step}” of an upgrade${second ? ', for the second port' : ''}`,
    holds,
    inject: async (site) => {
      site.coming.arm(step, how, second ? 2 : 1);
      await site.isNotUpgraded(why);
    },
  };
}

/** A version that cannot even begin. */
function spoiled(fault: string, spoil: (version: OtherVersion) => void, why: RegExp): FaultRow<ChangeSite> {
  return {
    fault: `the other version ${fault}`,
    when: 'when an upgrade starts it',
    holds,
    inject: async (site) => {
      const version = new OtherVersion();
      site.node.undo(() => version.remove());
      spoil(version);
      await site.isNotUpgraded(why, version.main);
    },
  };
}

/** Those after which the other version's programs may have met packets. */
export const PROGRAM_ROWS: readonly FaultRow<ChangeSite>[] = PROGRAMS.flatMap((step) => [
  struck(step, 'throw', STRUCK),
  struck(step, 'kill', KILLED),
]);

const beginning: readonly FaultRow<ChangeSite>[] = [
  spoiled('is not there', (version) => rmSync(version.main), /\(upgrade-failed\)/),
  spoiled(
    'ends at once',
    (version) => writeFileSync(version.main, 'process.exit(7);'),
    /ended with exit status 7 before it said why[\s\S]*\(upgrade-failed\)/,
  ),
  spoiled(
    'says what is no report',
    (version) => writeFileSync(version.main, "import { writeSync } from 'node:fs'; writeSync(3, 'hello\\n');"),
    /it said "hello"[\s\S]*\(upgrade-failed\)/,
  ),
  spoiled(
    'has another layout of the maps',
    (version) => version.change('dist/src/kernel/layout.gen.js', /MS_ABI_VERSION: \d+/, 'MS_ABI_VERSION: 99'),
    /have layout \d+, version 9\.9\.9 needs 99[\s\S]*\(upgrade-refused\)/,
  ),
  spoiled(
    'cannot load its programs',
    (version) => writeFileSync(join(version.folder, 'bpf/build/steer.bpf.o'), 'no object'),
    /\(bpf-load-failed\)/,
  ),
  {
    fault: 'the configuration is not valid',
    when: 'when an upgrade reads it',
    holds,
    inject: async ({ node: { daemon, node } }) => {
      const file = node.runDir.file('bad.yaml');
      writeFileSync(file, 'agent: { sokcet: /run/agent.sock }\n');
      const { status, stderr } = await operate(daemon, 'upgrade', '-c', file);
      rmSync(file);
      assert.equal(status, 2, stderr);
      assert.match(stderr, /bad\.yaml:1:10: agent\.sokcet: unknown key/);
      assert.equal((await daemon.status()).daemon.pid, daemon.pid);
    },
  },
];

const between: readonly FaultRow<ChangeSite>[] = [
  ...(['give', 'accept'] as const).map((step) => ({
    fault: 'the one that runs fails',
    when: `at the step “${step}” of an upgrade`,
    holds,
    inject: async (site: ChangeSite) => {
      site.running.arm(step, 'throw');
      await site.isNotUpgraded(/HTTP status 500/);
    },
  })),
  {
    fault: 'the other version says nothing more',
    when: 'before it commits',
    holds: 'it is killed, and the one that runs goes on as it was',
    inject: async (site) => {
      site.coming.arm('commit', 'hang');
      await site.isNotUpgraded(KILLED);
      await site.untilTold(/^pid \d+ did not take over, this daemon goes on$/);
    },
  },
  ...(
    [
      ['ends', 'throw', /the worker ended: exit status 1/],
      // To kill itself is a call that is denied to it: its end is as sudden.
      ['is killed', 'kill', /the worker ended: SIGSYS/],
      ['says nothing', 'hang', /the worker did not start/],
    ] as const
  ).map(([how, strike, why]) => ({
    fault: `the other version’s worker ${how}`,
    when: 'when it loads',
    holds,
    inject: async (site: ChangeSite) => {
      site.coming.arm('worker', strike);
      await site.isNotUpgraded(why);
    },
  })),
  {
    fault: 'the other version’s worker does not take a port',
    when: 'when it gets its listening socket',
    holds,
    inject: async (site) => {
      site.coming.arm('take port', 'throw');
      await site.isNotUpgraded(STRUCK);
    },
  },
  {
    fault: 'another upgrade is asked for',
    when: 'while one is under way',
    holds: 'it is refused, and the first goes its way',
    inject: (site) =>
      whileOneTakesOver(site, async () => {
        const { status, stderr } = await operate(site.node.daemon, 'upgrade', '--binary', site.newcomer.main);
        assert.equal(status, 1, stderr);
        assert.match(stderr, /an upgrade is under way already[\s\S]*\(upgrade-refused\)/);
      }),
  },
  {
    fault: 'another daemon asks for everything, by itself',
    when: 'while one takes over',
    holds: 'it is refused, and the first goes its way',
    inject: (site) =>
      whileOneTakesOver(site, async () => {
        const words = [site.newcomer.main, 'run', '-c', site.node.daemon.configFile, '--take-over'];
        const { status, stderr } = await tryCommand(process.execPath, words);
        assert.equal(status, 1, stderr);
        assert.match(stderr, /another daemon is taking over already[\s\S]*\(upgrade-refused\)/);
      }),
  },
  {
    fault: 'the other version hangs',
    when: 'before it asks for anything',
    holds: 'it is killed, and the one that runs goes on as it was',
    inject: async (site) => {
      site.coming.arm('listen', 'hang');
      await site.isNotUpgraded(/did not serve after 12 s, and was killed/);
    },
  },
];

/** Does something between the moment when another version has everything and the one when it is killed, which would not end by itself. */
async function whileOneTakesOver(site: ChangeSite, action: () => Promise<void>): Promise<void> {
  // A second one that comes so far hangs as well.
  site.coming.arm('commit', 'hang', 1, 2);
  const first = site.isNotUpgraded(KILLED);
  try {
    await until('it has everything', () => site.coming.cameTo('commit') !== undefined);
    const pid = site.coming.cameTo('commit') ?? 0;
    await action();
    process.kill(pid, 'SIGKILL');
  } finally {
    await Promise.allSettled([first]);
  }
  await first;
}

export const UPGRADE_ROWS: readonly FaultRow<ChangeSite>[] = [
  ...beginning,
  ...TAKEN.flatMap((step) => [struck(step, 'throw', STRUCK), struck(step, 'kill', KILLED)]),
  ...between,
];
