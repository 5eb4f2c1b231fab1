import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { LINE_BYTES_MAX, WorkerOutput } from '../../src/control/worker-output.ts';
import { createLogger } from '../../src/log.ts';

const PID = 4711;

/** What a worker writes becomes these lines. */
async function linesOf(written: readonly (string | Buffer)[], logsRequests = false): Promise<readonly string[]> {
  const lines: string[] = [];
  const output = new WorkerOutput({ pid: PID, write: (line) => void lines.push(line), logsRequests });
  const stream = new PassThrough();
  const followed = output.follow(stream);
  for (const piece of written) stream.write(piece);
  stream.end();
  await followed;
  return lines;
}

async function parsedOf(written: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const lines = await linesOf([written]);
  for (const line of lines) assert.match(line, /^\{[^\n]*\}\n$/);
  return lines.map((line) => JSON.parse(line));
}

describe('what a worker writes', () => {
  it('with its logger keeps level, text and fields, under its own number', async () => {
    const written: string[] = [];
    const log = createLogger('info', { role: 'worker' }, { write: (line) => void written.push(line) });
    log.error({ err: new Error('accepting'), path: '/a?', n: 1 }, 'accepting failed');
    const [line] = await parsedOf(written.join(''));
    const { level, pid, role, msg, path, n } = line ?? {};
    assert.deepEqual(
      { level, pid, role, msg, path, n },
      {
        ...{ level: 'error', pid: PID, role: 'worker', msg: 'accepting failed', path: '/a?', n: 1 },
      },
    );
    assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT/);
    assert.match(JSON.stringify(line?.['err']), /accepting/);
  });

  const OURS = { level: 'info', time: '2020-01-01T00:00:00.000Z', pid: 1, role: 'supervisor', msg: 'took over' };
  for (const [how, written] of [
    ['as it is', JSON.stringify(OURS)],
    ['with the fields twice', '{"level":"info","pid":2,"msg":"a","pid":1,"role":"supervisor","role":"agent"}'],
    [
      'with keys that are spelt with escapes',
      '{"level":"info","p\\u0069d":1,"r\\u006fle":"supervisor","msg":"took over"}',
    ],
    ['after a return', `x\r${JSON.stringify(OURS)}`],
    ['after what looks like the end of a line', `x\u2028${JSON.stringify(OURS)}\u0085${JSON.stringify(OURS)}`],
    ['with a prototype', '{"level":"info","msg":"a","__proto__":{"pid":1,"role":"supervisor"},"toJSON":{}}'],
    ['after bytes that are no text', Buffer.concat([Buffer.from([0xff, 0xfe, 0]), Buffer.from(JSON.stringify(OURS))])],
    ['in a line that is too long', JSON.stringify({ ...OURS, x: 'x'.repeat(LINE_BYTES_MAX) })],
  ] as const) {
    it(`is the worker’s when it writes a line of the supervisor’s ${how}`, async () => {
      const lines = await linesOf([written, '\n']);
      assert.equal(lines.length, 1);
      const [line = ''] = lines;
      assert.match(line, /^\{"level":"(info|warn)","time":"[^"]*","pid":4711,"role":"worker",.*\}\n$/);
      assert.equal(line.match(/"pid":/g)?.length, 1, line);
      assert.equal(line.match(/"role":/g)?.length, 1, line);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
      assert.doesNotMatch(line.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    });
  }

  for (const [what, written, msg] of [
    ['text', 'node:internal/process: Error: x', 'node:internal/process: Error: x'],
    ['JSON that is no line of a log', '{"a":1}', '{"a":1}'],
    ['a level that there is not', '{"level":"root","msg":"a"}', '{"level":"root","msg":"a"}'],
    ['what clears a terminal', '\u001b[2J\u009b2J', '\u001b[2J\u009b2J'],
  ] as const) {
    it(`is a warning when it is ${what}`, async () => {
      assert.deepEqual(
        (await parsedOf(`${written}\n`)).map(({ level, msg: text }) => [level, text]),
        [['warn', msg]],
      );
    });
  }

  it('is a warning when it is nested more deeply than can be written', async () => {
    const depth = 12_000;
    const [line] = await parsedOf(`{"level":"info","msg":"a","x":${'['.repeat(depth)}${']'.repeat(depth)}}\n`);
    assert.equal(line?.['role'], 'worker');
  });

  it('is cut where a line has no end, and goes on with the next', async () => {
    const lines = await linesOf(['x'.repeat(200_000), 'y'.repeat(100_000), '\n', 'next\n', '', '\n', 'last']);
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)).map(({ msg, cut }) => [msg.length, msg.at(-1), cut]),
      [
        [LINE_BYTES_MAX, 'x', true],
        [4, 't', undefined],
        [4, 't', undefined],
      ],
    );
  });

  it('is the same however its bytes are cut', async () => {
    const bytes = Buffer.from('{"level":"info","msg":"ü"}\n');
    const lines = await linesOf([...bytes].map((byte) => Buffer.from([byte])));
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).msg),
      ['ü'],
    );
  });

  it('waits when it is more than a worker has to say, and loses nothing by it', async () => {
    const many = 4500;
    const began = performance.now();
    assert.equal((await linesOf(['a\n'.repeat(many)])).length, many);
    assert.ok(performance.now() - began > 400, 'what is above the burst takes its time');
    assert.equal((await linesOf(['a\n'.repeat(many)], true)).length, many);
  });
});
