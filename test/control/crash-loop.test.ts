import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CrashLoop } from '../../src/control/crash-loop.ts';
import { History } from '../../src/control/history.ts';
import { createLogger } from '../../src/log.ts';

const LONG_MS = 30_000;

/** Pauses after workers that ended at these seconds, having lived for so long. */
function pauses(ends: readonly (readonly [atSeconds: number, livedMs: number])[]): string[] {
  const loop = new CrashLoop();
  return ends.map(([at, lived]) => {
    const { ms, held } = loop.ended(at * 1000, lived);
    return held ? `held ${ms}` : String(ms);
  });
}

describe('the place of a worker that ended', () => {
  it('is filled at once, then ever more slowly, and held from the fifth end in 10 s on', () => {
    const ends = [0, 1, 2, 3, 4].map((at) => [at, 900] as const);
    assert.deepEqual(pauses(ends), ['0', '100', '200', '400', 'held 5000']);
  });

  it('is held for ever longer while workers go on ending soon, up to a minute', () => {
    const quick = [0, 0, 0, 0, 0, 6, 17, 40, 81, 150, 220].map((at) => [at, 0] as const);
    const held = ['held 5000', 'held 10000', 'held 20000', 'held 40000', 'held 60000', 'held 60000', 'held 60000'];
    assert.deepEqual(pauses(quick).slice(4), held);
  });

  it('is filled at once when ends are rare', () => {
    assert.deepEqual(pauses([0, 11, 22, 33, 44, 55].map((at) => [at, 10_000] as const)), [
      '0',
      '0',
      '0',
      '0',
      '0',
      '0',
    ]);
  });

  it('starts anew after a worker that lived for long', () => {
    const ends = [0, 0, 0, 0, 0].map((at) => [at, 0] as const);
    assert.equal(pauses([...ends, [100, LONG_MS]]).at(-1), '0');
    assert.equal(pauses([...ends, [100, LONG_MS - 1]]).at(-1), 'held 10000');
  });
});

describe('what happened lately', () => {
  it('is logged in one line each, and the last 20 are kept', () => {
    const lines: string[] = [];
    const history = new History(createLogger('info', {}, { write: (line) => void lines.push(line) }));
    for (let count = 1; count <= 21; count += 1) history.note('warn', `event ${count}`, { count });
    assert.equal(lines.length, 21);
    assert.match(lines[0] ?? '', /"count":1.*"msg":"event 1"/);
    assert.deepEqual([history.events.length, history.events[0]?.event], [20, 'event 2']);
    assert.match(history.events.at(-1)?.at ?? '', /^\d{4}-\d\d-\d\dT/);
  });
});
