/** The parser of bpf/packet.h compiled for this machine, with sanitisers that end it at the first wrong read. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { macBytes } from '../../bench/packet-builder.ts';
import { parsePortId } from '../../src/identity/port-id.ts';
import { VERDICT_NAMES, type VerdictName, writePortConstants } from '../../src/kernel/layout.gen.ts';
import { packageRoot } from '../../src/kernel/paths.ts';
import { DEVICE, ROUTER } from './frames.ts';

/** Headers are at odd multiples of two, as in the kernel: reading them there is no mistake. */
const SANITISERS = ['-fsanitize=address,undefined', '-fno-sanitize=alignment', '-fno-sanitize-recover=all'];
const FLAGS = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', ...SANITISERS];

export interface HostFrame {
  readonly frame: Buffer;
  /** Bytes in the linear part of the buffer; all unless given. */
  readonly linear?: number;
}

export interface HostVerdict {
  readonly verdict: VerdictName;
  /** Of a packet that is ours: what the parser read of its sender, in hexadecimal. */
  readonly client?: { readonly address: string; readonly mac: string };
}

/** Owns the compiled program and its folder. */
export class HostParser {
  readonly #folder = mkdtempSync(join(tmpdir(), 'metasteer-packet-'));
  readonly #program = join(this.#folder, 'packet');

  /** @throws when gcc does, with its messages on standard error. */
  constructor() {
    execFileSync('gcc', [...FLAGS, '-o', this.#program, join(packageRoot, 'test/bpf/packet-host.c')], {
      timeout: 60_000,
    });
  }

  /** Classifies frames in one process. */
  classify(frames: readonly HostFrame[]): readonly HostVerdict[] {
    const input = [
      writePortConstants({
        portId: parsePortId(0),
        routerMac: macBytes(ROUTER.mac),
        deviceMac: macBytes(DEVICE.mac),
        hold: 0,
      }),
      ...frames.flatMap(({ frame, linear = frame.length }) => [
        Buffer.from(Uint32Array.of(frame.length, linear).buffer),
        frame.subarray(0, linear),
      ]),
    ];
    const output = execFileSync(this.#program, { input: Buffer.concat(input), encoding: 'latin1', timeout: 60_000 });
    const verdicts = output.trimEnd().split('\n').map(parseLine);
    assert.equal(verdicts.length, frames.length);
    return verdicts;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function parseLine(line: string): HostVerdict {
  const [value, address, mac] = line.split(' ');
  const verdict = VERDICT_NAMES[Number(value)];
  assert.ok(verdict, `no verdict: ${line}`);
  if (address === undefined || mac === undefined) return { verdict };
  return { verdict, client: { address, mac } };
}
