import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { OtherVersion } from './other-version.ts';

/** What becomes of the process that comes to a step: an error there, a sudden end, no step more, or a heap without room. */
export type Strike = 'throw' | 'kill' | 'hang' | 'fill heap';

const MODULE = 'strike.js';
const FILE = 'strike-';
const CAME = '.came';

/** The copy's part. What is to happen is read anew each time: a daemon of that version runs for long. */
const SOURCE = `
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
export function strike(step) {
  const file = join(fileURLToPath(new URL('.', import.meta.url)), '../../${FILE}' + step);
  // A worker changes no files, and can only look whether one is there when it has started.
  const isWorker = process.env.METASTEER_WORKER !== undefined;
  let how, first, times;
  try {
    [how, first, times] = readFileSync(file, 'utf8').split('/');
  } catch (error) {
    if (error.code !== 'EACCES') return;
    how = ['throw', 'kill', 'hang', 'fill heap'].find((each) => statSync(file + '.' + each, { throwIfNoEntry: false }));
    if (how === undefined) return;
  }
  if (first > 1 && !isWorker) return writeFileSync(file, how + '/' + (first - 1) + '/' + times);
  try {
    // A worker strikes until it is disarmed.
    if (isWorker);
    else if (times > 1) writeFileSync(file, how + '/1/' + (times - 1));
    else rmSync(file);
    if (!isWorker) writeFileSync(file + '${CAME}', String(process.pid));
  } catch {
    // Gone meanwhile.
  }
  if (how === 'throw') throw new Error('struck by the test');
  if (how === 'kill') process.kill(process.pid, 'SIGKILL');
  for (const full = []; how === 'fill heap'; ) full.push(new Array(100000).fill(1.5));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
`;

/** Steps of a version at which a test can have something happen to it. */
export class Strikes {
  readonly #version: OtherVersion;
  readonly #armed = new Set<string>();
  readonly #hows = new Set<Strike>();
  readonly #struck = new Set<string>();

  constructor(version: OtherVersion) {
    this.#version = version;
    writeFileSync(join(version.folder, 'dist/src', MODULE), SOURCE);
  }

  /** Gives a step, which begins with a text of a file, a name. */
  before(file: string, text: RegExp, step: string): void {
    this.#version.change(`dist/src/${file}`, text, `strike('${step}'); $&`);
    if (this.#struck.has(file)) return;
    this.#struck.add(file);
    this.#version.change(`dist/src/${file}`, /^/, `import { strike } from '${relative(dirname(file), MODULE)}';\n`);
  }

  /**
   * @param first at which of the times that the step is taken from now on
   * @param times how often, from then on
   */
  arm(step: string, how: Strike, first = 1, times = 1): void {
    const file = this.#fileOf(step);
    writeFileSync(file, `${how}/${first}/${times}`);
    // A worker reads it too.
    chmodSync(file, 0o644);
    writeFileSync(`${file}.${how}`, '');
    this.#hows.add(how);
    this.#armed.add(step);
  }

  /** The process that came last to a step that is armed; undefined when none has. */
  cameTo(step: string): number | undefined {
    const file = this.#fileOf(step) + CAME;
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
  }

  /** Nothing happens any more. */
  disarm(): void {
    for (const step of this.#armed) {
      for (const file of [this.#fileOf(step), this.#fileOf(step) + CAME]) rmSync(file, { force: true });
      for (const how of this.#hows) rmSync(`${this.#fileOf(step)}.${how}`, { force: true });
    }
    this.#armed.clear();
    this.#hows.clear();
  }

  #fileOf(step: string): string {
    return join(this.#version.folder, `${FILE}${step}`);
  }
}
