import { type ChangeSite, WORKERS } from './change-site.ts';
import type { FaultRow } from './row.ts';

const holds = 'the configuration before stays in force, in every part';
/** What needs other workers, and one more of them; and limits that would show at once. */
const CHANGES = { workers: WORKERS + 1, worker: { heap: '200MiB' }, guard: { source_burst: 4321 } };

const file: readonly FaultRow<ChangeSite>[] = (
  [
    ['is no YAML', 'agent: [\n', /config-/],
    ['has a key it does not know', { agnt: {} }, /metasteer\.yaml:\d+:\d+: agnt: unknown key/],
    ['has a value it may not have', { workers: -1 }, /metasteer\.yaml:\d+:\d+: workers: /],
    ['names a user that is not there', { worker: { user: 'nobody-of-that-name' } }, /nobody-of-that-name/],
  ] as const
).map(([fault, sections, why]) => ({
  fault: `the configuration file ${fault}`,
  when: 'when it is read again',
  holds,
  inject: (site: ChangeSite) => site.isNotReloaded(why, sections),
}));

const workers: readonly FaultRow<ChangeSite>[] = [
  ...(
    [
      ['the first of the workers', 1],
      ['the second of the workers', 2],
      ['the worker that is added', 3],
    ] as const
  ).map(([which, time]) => ({
    fault: `${which} cannot be started`,
    when: 'with what is reloaded',
    holds,
    inject: async (site: ChangeSite) => {
      site.running.arm('start worker', 'throw', time);
      await site.isNotReloaded(/struck by the test[\s\S]*\(reload-failed\)/, CHANGES);
    },
  })),
  ...(
    [
      ['ends', 'throw', /the worker ended: exit status 1/],
      // To kill itself is a call that is denied to it: its end is as sudden.
      ['is killed', 'kill', /the worker ended: SIGSYS/],
      ['says nothing', 'hang', /the worker did not start/],
    ] as const
  ).map(([how, strike, why]) => ({
    fault: `the new worker ${how}`,
    when: 'when it loads, after a reload',
    holds,
    inject: async (site: ChangeSite) => {
      site.running.arm('worker', strike);
      await site.isNotReloaded(why, CHANGES);
    },
  })),
];

const twice: FaultRow<ChangeSite> = {
  fault: 'the second of the workers cannot be started, and the first cannot be put back',
  when: 'with what is reloaded',
  holds: 'the next reload puts it back',
  inject: async (site) => {
    site.running.arm('start worker', 'throw', 2, 2);
    await site.isNotReloaded(/struck by the test[\s\S]*\(reload-failed\)/, CHANGES);
  },
};

export const RELOAD_ROWS: readonly FaultRow<ChangeSite>[] = [...file, ...workers, twice];
