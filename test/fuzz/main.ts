/**
 * Fuzzes the C that reads what others write, on this machine:   main.js [SECONDS [TARGET]]
 *
 * SECONDS, 60 unless given, are shared among all targets, or are those of one; compiling comes on top. The exit status is 0
 * when nothing was found. What was found stays in the temporary folder, to be looked at. Needs clang with its fuzzer
 * runtime, and no privileges.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, corpusOf, environmentOf, type FuzzTarget, writeSeeds } from './target.ts';
import { TARGETS } from './targets.ts';

const SECONDS_DEFAULT = 60;
/** For one input; all of them take microseconds. */
const INPUT_SECONDS = 10;
/** A fuzzer that does not end by itself is ended so long after its time. */
const GRACE_SECONDS = INPUT_SECONDS + 10;

const [, , time = String(SECONDS_DEFAULT), name] = process.argv;
const seconds = Number(time);
const chosen = name === undefined ? TARGETS : TARGETS.filter((target) => target.name === name);
if (!Number.isInteger(seconds) || seconds < 1 || chosen.length === 0) {
  process.stderr.write('usage: npm run fuzz -- [SECONDS [TARGET]]\n');
  for (const target of TARGETS) process.stderr.write(`  ${target.name.padEnd(14)}${target.meaning}\n`);
  process.exit(2);
}

const share = Math.max(1, Math.floor(seconds / chosen.length));
const folder = mkdtempSync(join(tmpdir(), 'metasteer-fuzz-'));
const failed = chosen.filter((target) => !fuzz(target));
rmSync(folder, { recursive: true });
if (failed.length > 0) process.stderr.write(`fuzz: failed: ${failed.map((target) => target.name).join(', ')}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;

function fuzz(target: FuzzTarget): boolean {
  process.stdout.write(`== ${target.name}: ${target.meaning}, ${share} s\n`);
  const program = compile(target, 'fuzzer', folder);
  if (program === undefined) {
    process.stderr.write(
      'fuzz: clang cannot build it; its fuzzer is in libclang-rt-14-dev on Debian 12 (npm run setup:peers)\n',
    );
    return false;
  }
  writeSeeds(target, folder);
  const options = [
    ...[`-max_total_time=${share}`, `-timeout=${INPUT_SECONDS}`, `-max_len=${target.maxLength}`],
    ...['-print_final_stats=1', '-verbosity=0', `-artifact_prefix=${tmpdir()}/metasteer-fuzz-${target.name}-`],
    ...(target.fuzzerOptions ?? []),
  ];
  const { status, signal, error } = spawnSync(program, [...options, corpusOf(target, folder)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environmentOf(target),
    cwd: folder,
    timeout: (share + GRACE_SECONDS) * 1000,
    killSignal: 'SIGKILL',
  });
  if (status === null) process.stderr.write(`fuzz: ${target.name} ended with ${signal ?? error?.message}\n`);
  return status === 0;
}
