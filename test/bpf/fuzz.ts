/**
 * Fuzzes the parser of bpf/packet.h on this machine, from the frames of the tables on:   fuzz.js [SECONDS]
 * The exit status is the fuzzer's: 0 when it found nothing. Needs clang with its fuzzer runtime, and no privileges.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/kernel/paths.ts';
import { STEER_ROWS } from './steer-rows.ts';

const SECONDS_DEFAULT = 60;
/** Headers are at odd multiples of two, as in the kernel: reading them there is no mistake. */
const SANITISERS = ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize=alignment', '-fno-sanitize-recover=all'];
const FLAGS = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', ...SANITISERS];

const seconds = Number(process.argv[2] ?? SECONDS_DEFAULT);
if (!Number.isInteger(seconds) || seconds < 1) {
  process.stderr.write('usage: npm run fuzz -- [SECONDS]\n');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'metasteer-fuzz-'));
process.exitCode = fuzz();
rmSync(folder, { recursive: true });

function fuzz(): number {
  const program = join(folder, 'packet-fuzz');
  const compiled = run('clang', [...FLAGS, '-o', program, join(packageRoot, 'test/bpf/packet-fuzz.c')]);
  if (compiled !== 0) {
    process.stderr.write(
      'fuzz: clang has no fuzzer here; on Debian it is in libclang-rt-14-dev (npm run setup:peers)\n',
    );
    return 1;
  }
  const corpus = join(folder, 'corpus');
  mkdirSync(corpus);
  // Each frame whole, and with its headers alone in the linear part.
  for (const [index, { frame }] of STEER_ROWS.entries())
    for (const linear of [frame.length, Math.min(frame.length, 54)])
      writeFileSync(
        join(corpus, `${index}-${linear}`),
        Buffer.concat([Buffer.from([linear >> 8, linear & 255]), frame]),
      );
  // What it finds stays, to be looked at.
  return run(program, [
    `-max_total_time=${seconds}`,
    '-max_len=2048',
    '-print_final_stats=1',
    '-verbosity=0',
    `-artifact_prefix=${tmpdir()}/metasteer-fuzz-`,
    corpus,
  ]);
}

function run(command: string, args: readonly string[]): number {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  return status ?? 1;
}
