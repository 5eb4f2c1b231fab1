import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Bar, judge } from '../../bench/case.ts';
import { CASES, chosenCases } from '../../bench/cases.ts';
import { disturbances } from '../../bench/machine.ts';
import { parseCommandLine } from '../../bench/options.ts';
import { barLines, missedLines, reportText } from '../../bench/report.ts';
import { missingRequirements } from '../../bench/requirements.ts';
import { bytesText, millisecondsText } from '../../bench/units.ts';
import { sampleReport } from './sample-report.ts';

const bar = { name: 'memory', limit: 0.05, unit: '' };

describe('a bar', () => {
  const cases: readonly [value: number | undefined, verdict: Bar['verdict']][] = [
    [0.04, 'met'],
    [0.05, 'met'],
    [0.051, 'missed'],
    [undefined, 'not measured'],
  ];
  for (const [value, verdict] of cases) {
    test(`with ${value} is ${verdict}`, () => assert.equal(judge(bar, value).verdict, verdict));
  }
  const floors: readonly [value: number, verdict: Bar['verdict']][] = [
    [0.96, 'missed'],
    [0.97, 'met'],
    [1.2, 'met'],
  ];
  for (const [value, verdict] of floors) {
    test(`that is to be reached with ${value} is ${verdict}`, () =>
      assert.equal(judge({ name: 'ratio', kind: 'at least', limit: 0.97, unit: '' }, value).verdict, verdict));
  }
});

test('bars are a table with the value beside the limit', () => {
  const lines = barLines([judge(bar, 0.04321), judge({ name: 'start', limit: 20, unit: 's', note: 'a note' }, 21)]);
  assert.equal(lines.length, 3);
  assert.match(lines[1] ?? '', /^met +memory +0\.0432 +at most 0\.05$/);
  assert.match(lines[2] ?? '', /^missed +start +21 s +at most 20 s +a note$/);
});

test('a bar that was missed says by how much, what was tried and what it takes; others say nothing', () => {
  const tried = 'Tried: much. Needed: more.';
  const floor = { name: 'requests', kind: 'at least', limit: 1.5, unit: '' } as const;
  const bars = [judge(bar, 0.04), judge(bar, undefined), judge({ ...floor, ifMissed: tried }, 1.45), judge(bar, 0.08)];
  assert.deepEqual(missedLines(bars), [`requests: missed by 0.05. ${tried}`, 'memory: missed by 0.03.']);
});

describe('text of', () => {
  const cases: readonly [text: string, expected: string][] = [
    [bytesText(0), '0.0 KiB'],
    [bytesText(1536), '1.5 KiB'],
    [bytesText(200 * 1024), '200 KiB'],
    [bytesText(2 ** 20), '1.0 MiB'],
    [bytesText(3500 * 2 ** 20), '3500 MiB'],
    [bytesText(-2 * 2 ** 20), '-2.0 MiB'],
    [millisecondsText(3.14), '3.1 ms'],
    [millisecondsText(250), '250 ms'],
    [millisecondsText(17_300), '17.3 s'],
  ];
  for (const [text, expected] of cases) test(expected, () => assert.equal(text, expected));
});

describe('what is missing', () => {
  const tools = [
    { command: 'haproxy', package: 'haproxy' },
    { command: 'ip', package: 'iproute2' },
    { command: 'tc', package: 'iproute2' },
  ];

  test('is said with the command that gets it, every package once', () => {
    const lines = missingRequirements(tools, 0, () => false);
    assert.deepEqual(lines, [
      'Not installed: haproxy, ip, tc. On Debian and Ubuntu: apt-get install --no-install-recommends haproxy iproute2',
    ]);
  });

  test('may be privileges alone', () => {
    const lines = missingRequirements(tools, 1000, () => true);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /as root/);
  });

  test('is nothing as root with all tools', () =>
    assert.deepEqual(
      missingRequirements(tools, 0, () => true),
      [],
    ));
});

test('a calm machine is not remarked upon, a busy one is', () => {
  const calm = { load: [0.1, 2, 3], otherNodes: 0, otherHaproxies: 0 };
  assert.deepEqual(disturbances(calm, 2), []);
  const busy = { load: [1.26, 0, 0], otherNodes: 2, otherHaproxies: 1 };
  assert.deepEqual(disturbances(busy, 2), [
    'The machine was busy before the run began: load 1.3.',
    'Beside the run there were 2 processes of Node and 1 of haproxy.',
  ]);
});

describe('the command line', () => {
  const known = ['density', 'connect'];

  test('without arguments asks for everything', () => {
    assert.deepEqual(parseCommandLine([], known), { list: false, cases: [], options: { quick: false } });
  });

  test('takes numbers of instances, and minutes', () => {
    const { options } = parseCommandLine(['--guests', '300,20', '--minutes', '5'], known);
    assert.deepEqual(options, { quick: false, guests: [20, 300], minutes: 5 });
  });

  test('takes cases and options in any order; sizes come sorted and once', () => {
    const args = ['--quick', 'connect', '--json', 'a.json', 'connect', '--routers', '100,10,100', '--haproxies', '20'];
    assert.deepEqual(parseCommandLine(args, known), {
      list: false,
      cases: ['connect'],
      json: 'a.json',
      options: { quick: true, routers: [10, 100], haproxies: 20 },
    });
  });

  test('takes a result to show again, and where the page goes', () => {
    const args = ['--from', 'a.json', '--html', 'b.html'];
    const files = { from: 'a.json', html: 'b.html' };
    assert.deepEqual(parseCommandLine(args, known), { list: false, cases: [], ...files, options: { quick: false } });
  });

  const wrong: readonly [args: readonly string[], says: RegExp][] = [
    [['densty'], /no such case: densty; there is density, connect/],
    [['--quik'], /quik/],
    [['--routers', '10,x'], /--routers: .* not x/],
    [['--routers', ''], /--routers/],
    [['--haproxies', '0'], /--haproxies/],
    [['--guests', '1001'], /--guests: .* from 1 to 1000, not 1001/],
    [['--minutes', '0.5'], /--minutes: .* not 0.5/],
    [['--json'], /json/],
    [['--quick', '--thorough'], /contradict/],
    [['--from', 'a.json', 'density'], /--from/],
    [['--from', 'a.json', '--json', 'b.json'], /--from/],
  ];
  for (const [args, says] of wrong) {
    test(`refuses ${args.join(' ')}`, () => assert.throws(() => parseCommandLine(args, known), says));
  }
});

test('every case has a name of its own and says what it needs', () => {
  const names = CASES.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  for (const { about, tools } of CASES) assert.ok(about.length > 0 && tools.length > 0);
});

test('without names every case is run but the soak, which must be named', () => {
  const names = (chosen: ReturnType<typeof chosenCases>) => chosen.map(({ name }) => name);
  assert.deepEqual(
    names(chosenCases([])),
    CASES.map(({ name }) => name).filter((name) => name !== 'soak'),
  );
  assert.deepEqual(names(chosenCases(['soak', 'storm'])), ['storm', 'soak']);
});

test('the report names machine, kernel, versions, commit, disturbances, and what was not measured', () => {
  const report = sampleReport();
  const text = reportText(report);
  for (const part of [
    'A processor, 2 cores, 8192 MiB, Linux 6.1.0 #1 SMP',
    'metasteer 0.1.0 (0123456789, changed), Node v20.18.1, HAProxy version 2.6.12-1',
    'It was loud.',
    '== density',
    'a line',
    'not measured',
    'the weather',
  ]) {
    assert.ok(text.includes(part), part);
  }
  assert.match(reportText({ ...report, machine: { ...report.machine, commit: null, haproxy: null } }), /no haproxy/);
});
