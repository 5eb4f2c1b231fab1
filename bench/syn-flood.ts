import { join } from 'node:path';
import type { Namespace } from '../src/demo/namespace.ts';
import { packageRoot } from '../src/kernel/paths.ts';
import { compileC } from './load/compile.ts';

/** What an instance does to its router. */
export interface Flood {
  readonly interface: string;
  readonly routerMac: string;
  readonly sourceMac: string;
  readonly firstSource: string;
  /** How many addresses in a row the SYNs come from. */
  readonly sources: number;
  readonly seconds: number;
}

/** A program that sends SYNs as fast as the kernel takes them, to the metadata address alone. */
export class SynFlooder {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  /** Compiles it into a folder. @throws {CommandError} with what the compiler said */
  static async compile(folder: string): Promise<SynFlooder> {
    const program = join(folder, 'syn-flood');
    await compileC(program, [join(packageRoot, 'bench/syn-flood.c')]);
    return new SynFlooder(program);
  }

  /** Runs it in an instance's namespace; resolves to the number of SYNs sent. @throws {CommandError} */
  async run(instance: Namespace, flood: Flood): Promise<number> {
    const { routerMac, sourceMac, firstSource, sources, seconds } = flood;
    const args = [flood.interface, routerMac, sourceMac, firstSource, String(sources), String(seconds)];
    return Number(await instance.run(this.#program, args, { timeoutMs: seconds * 1000 + 30_000 }));
  }
}
