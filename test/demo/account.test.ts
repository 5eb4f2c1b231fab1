import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, paintFor } from '../../src/demo/account.ts';
import { judge } from '../../src/demo/checks.ts';
import { sampleReport } from './sample-report.ts';

const PLAIN = paintFor({}, {});

test('the account fits a screen: at most 60 lines of at most 120 characters, plain ASCII', () => {
  const report = sampleReport();
  const lines = account(report, judge(report), PLAIN).split('\n');
  assert.ok(lines.length <= 60, `${lines.length} lines`);
  for (const line of lines) {
    assert.ok(line.length <= 120, line);
    assert.match(line, /^[ -~]*$/);
  }
});

test('the account names the hops in the order of a request', () => {
  const report = sampleReport();
  const text = account(report, judge(report), PLAIN);
  const hops = [
    'curl in ms1000-blue-web',
    'qr-11111111-ff  ',
    'port device msp1',
    'worker, pid 2001',
    'agent.sock',
    '127.0.0.1:40000',
  ];
  const places = hops.map((hop) => text.indexOf(hop, text.indexOf('The way')));
  assert.ok(
    places.every((place) => place > 0),
    JSON.stringify(places),
  );
  assert.deepEqual(
    [...places].sort((a, b) => a - b),
    places,
  );
});

test('the two answers stand side by side, for both families', () => {
  const report = sampleReport();
  const text = account(report, judge(report), PLAIN);
  assert.match(text, /IPv4 name +blue-web +green-web/);
  assert.match(text, /IPv6 name +blue-web +green-web/);
  assert.match(text, /instance-id +i-00000001 +i-00000002/);
  assert.match(text, /conntrack entries[^\n]* 0 +0/);
  assert.match(text, /All \d+ checks hold\./);
});

test('a check that does not hold is told with what was seen', () => {
  const report = sampleReport();
  const text = account(report, [...judge(report), { claim: 'the sky is green', holds: false, seen: 'blue' }], PLAIN);
  assert.match(text, /1 of \d+ checks do not hold:\n {2}- the sky is green; seen: blue/);
});

const colours: readonly (readonly [string, { readonly isTTY?: boolean }, NodeJS.ProcessEnv, boolean])[] = [
  ['a terminal', { isTTY: true }, {}, true],
  ['a terminal with an empty NO_COLOR', { isTTY: true }, { NO_COLOR: '' }, true],
  ['a terminal with NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
  ['a pipe', {}, {}, false],
];
for (const [what, stream, environment, coloured] of colours) {
  test(`${what} gets ${coloured ? 'colours' : 'no colours'}`, () => {
    assert.equal(paintFor(stream, environment).good('x') !== 'x', coloured);
  });
}
