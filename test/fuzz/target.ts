/** Builds fuzz targets: C that reads what others write, under sanitisers that end it at the first wrong access. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/kernel/paths.ts';

/** What there is to say of one target; targets.ts lists them. */
export interface FuzzTarget {
  /** A word for the command line, and for files. */
  readonly name: string;
  /** What is fuzzed, for people. */
  readonly meaning: string;
  /** Paths in the repository. One of them has `LLVMFuzzerTestOneInput`. */
  readonly sources: readonly string[];
  /** For compiler and linker, after the usual ones. */
  readonly flags?: readonly string[];
  /** In the place of `SANITISERS`. */
  readonly sanitisers?: readonly string[];
  /** Variables of the program's environment, beside what makes sanitisers abort. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Bytes of the longest input. */
  readonly maxLength: number;
  /** For libFuzzer, after the usual ones. */
  readonly fuzzerOptions?: readonly string[];
  /** Inputs made from the seeds in a test. */
  readonly runs: number;
  /** Inputs to begin with, by name. */
  readonly seeds: () => Iterable<readonly [name: string, input: Uint8Array]>;
}

export const SANITISERS: readonly string[] = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

const FLAGS = ['-std=gnu11', '-O1', '-g', '-fno-omit-frame-pointer', '-Wall', '-Wextra', '-Werror'];
const ABORT = {
  ASAN_OPTIONS: 'abort_on_error=1',
  UBSAN_OPTIONS: 'abort_on_error=1:print_stacktrace=1',
  TSAN_OPTIONS: 'abort_on_error=1',
};

/** The environment of a target's program. */
export function environmentOf({ environment }: FuzzTarget): NodeJS.ProcessEnv {
  return { ...process.env, ...ABORT, ...environment };
}

/**
 * Compiles a target into a folder.
 *
 * @param driver `fuzzer` is libFuzzer, which takes clang; `replay` is replay.c
 * @returns the program; undefined when the compiler fails, which has said why on standard error
 */
export function compile(target: FuzzTarget, driver: 'fuzzer' | 'replay', folder: string): string | undefined {
  const program = join(folder, `${target.name}-${driver}`);
  const [compiler, more] = driver === 'fuzzer' ? ['clang', ['-fsanitize=fuzzer']] : ['gcc', []];
  const sources = [...target.sources, ...(driver === 'replay' ? ['test/fuzz/replay.c'] : [])];
  const args = [
    ...[...FLAGS, ...(target.sanitisers ?? SANITISERS), ...more, '-o', program],
    ...[...sources.map((path) => join(packageRoot, path)), ...(target.flags ?? [])],
  ];
  const { status } = spawnSync(compiler, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  return status === 0 ? program : undefined;
}

/** Writes a target's seeds into a new folder below one. @returns their paths, in order @throws {Error} for two of one name */
export function writeSeeds(target: FuzzTarget, folder: string): readonly string[] {
  const corpus = corpusOf(target, folder);
  mkdirSync(corpus);
  return Array.from(target.seeds(), ([name, input]) => {
    const path = join(corpus, name.replaceAll(/[^\w.-]+/g, '-'));
    writeFileSync(path, input, { flag: 'wx' });
    return path;
  });
}

/** The folder of `writeSeeds`. */
export function corpusOf({ name }: FuzzTarget, folder: string): string {
  return join(folder, `${name}-corpus`);
}
