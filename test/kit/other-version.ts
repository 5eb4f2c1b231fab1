import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, EXTERNAL } from '../../packaging/bundle.ts';
import { packageRoot } from '../../src/kernel/paths.ts';
import { isAlive } from '../../src/kernel/process.ts';

const PREFIX = 'metasteer-other-';
const NAME = new RegExp(`^${PREFIX}(\\d+)-`);

/** A version of its own: a copy of what is installed, in which some files differ. */
export class OtherVersion {
  readonly folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));

  #isChanged = true;

  constructor() {
    removeLeft();
    chmodSync(this.folder, 0o755);
    for (const part of ['dist/src', 'bpf/build', 'native/build', 'package.json'])
      cpSync(join(packageRoot, part), join(this.folder, part), { recursive: true });
    symlinkSync(join(packageRoot, 'node_modules'), join(this.folder, 'node_modules'));
    this.#copyPackages();
    this.change('package.json', /"version": "[^"]*"/, '"version": "9.9.9"');
  }

  /** What a worker loads beside its program, nearer to it than the link, which leads out of what a worker sees. */
  #copyPackages(): void {
    const needed = new Set<string>(EXTERNAL);
    for (const name of needed) {
      const from = join(packageRoot, 'node_modules', name);
      const manifest = readFileSync(join(from, 'package.json'), 'utf8');
      const { dependencies = {} } = JSON.parse(manifest) as { readonly dependencies?: object };
      for (const each of Object.keys(dependencies)) needed.add(each);
      const filter = (path: string) => !/\/(obj\.target|deps|test)$/.test(path);
      cpSync(from, join(this.folder, 'dist/node_modules', name), { recursive: true, filter });
    }
  }

  /** Its program, with all changes so far. */
  get main(): string {
    if (this.#isChanged) bundle(this.folder);
    this.#isChanged = false;
    return join(this.folder, 'dist/cli/main.js');
  }

  /** For a daemon of this version: as `through` of DaemonOptions. */
  get through(): readonly string[] {
    return ['sh', '-c', `exec "$0" ${this.main} "$2" "$3" "$4"`];
  }

  /** Changes one place of a compiled file. @throws {AssertionError} when it has no such place */
  change(file: string, what: RegExp, by: string): void {
    const path = join(this.folder, file);
    const text = readFileSync(path, 'utf8');
    assert.match(text, what);
    writeFileSync(path, text.replace(what, by));
    this.#isChanged = true;
  }

  /** Compiles the programs anew, with other text in one of their headers; what was changed before stays changed. */
  changePrograms(header: string, what: RegExp, by: string): void {
    this.#changeSource('bpf', header, what, by, ['-B']);
  }

  /** Compiles the library that Node loads anew, with other text in one of its files; what was changed before stays changed. */
  changeNative(file: string, what: RegExp, by: string): void {
    this.#changeSource('native', file, what, by, ['build/libmetasteer.so']);
  }

  #changeSource(part: 'bpf' | 'native', file: string, what: RegExp, by: string, words: readonly string[]): void {
    const sources = join(this.folder, 'sources');
    if (!existsSync(sources)) {
      mkdirSync(sources);
      for (const each of ['bpf', 'native']) cpSync(join(packageRoot, each), join(sources, each), { recursive: true });
    }
    this.change(`sources/${part}/${file}`, what, by);
    execFileSync('make', ['-s', '-C', join(sources, part), ...words]);
    rmSync(join(this.folder, part, 'build'), { recursive: true });
    cpSync(join(sources, part, 'build'), join(this.folder, part, 'build'), { recursive: true });
  }

  /** Has every program that is attached differ, in what it runs: the one on interfaces, and the one on devices. */
  changeAttachedPrograms(): void {
    this.changePrograms('flow.h', /#define FLOW_REFRESH_NS 1000000000ULL/, '#define FLOW_REFRESH_NS 1500000000ULL');
    // What a compiler cannot leave out.
    const different = '__asm__ volatile("r0 = 0" ::: "r0");';
    this.changePrograms('packet.h', /return MS_PASS_OTHER_PROTOCOL;/, `${different} $&`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Takes away what tests that were killed have left. */
function removeLeft(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = NAME.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}
