import { u32 } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';
import { type PortConstants, STAGE, type TraceFilter, writePortConstants, writeTraceFilter } from './layout.gen.ts';
import type { SteeringMaps } from './maps.ts';
import { type ProgramKind, ProgramTemplate, type SteeringProgram } from './program.ts';

/** For programs without constants. */
const NOTHING = Buffer.alloc(0);

/**
 * The programs of a daemon: `match` is loaded for each port and `guard` for those that need it; one `steer`, one
 * `restore`, one `forget` and one `answer` serve them all.
 */
export class Programs {
  readonly #match: ProgramTemplate;
  readonly #guard: ProgramTemplate;
  readonly #maps: SteeringMaps;
  readonly #steer: SteeringProgram;
  readonly restore: SteeringProgram;
  readonly forget: SteeringProgram;
  readonly answer: SteeringProgram;

  private constructor(
    maps: SteeringMaps,
    templates: { readonly match: ProgramTemplate; readonly guard: ProgramTemplate },
    single: Readonly<Record<'steer' | 'restore' | 'forget' | 'answer', SteeringProgram>>,
  ) {
    this.#maps = maps;
    this.#steer = single.steer;
    this.#match = templates.match;
    this.#guard = templates.guard;
    this.restore = single.restore;
    this.forget = single.forget;
    this.answer = single.answer;
  }

  /**
   * Prepares them, and puts `steer` into its stage at once or with `activate`.
   *
   * @throws {KernelError} with the verifier's last lines when the kernel refuses one of them.
   */
  static async prepare(maps: SteeringMaps, when: 'at once' | 'later' = 'at once'): Promise<Programs> {
    const template = (kind: ProgramKind) => ProgramTemplate.prepare(kind, maps);
    const templates = { match: await template('match'), guard: await template('guard') };
    const steer = await (await template('steer')).load(NOTHING);
    const restore = await (await template('restore')).load(u32(maps.noPort));
    const forget = await (await template('forget')).load(NOTHING);
    const answer = await (await template('answer')).load(NOTHING);
    const programs = new Programs(maps, templates, { steer, restore, forget, answer });
    if (when === 'at once') programs.activate();
    return programs;
  }

  /** Puts `steer` into its stage, for all ports in one step. */
  activate(): void {
    this.#maps.setStage(STAGE.MS_STAGE_STEER, this.#steer.fd);
  }

  /** What tells the programs that are attached to interfaces from those of another version. */
  async tags(): Promise<{ readonly match: string; readonly restore: string }> {
    const nobody = new Uint8Array(6);
    const match = await this.loadMatch({ portId: 0, routerMac: nobody, deviceMac: nobody, hold: 0 });
    try {
      return { match: match.tag, restore: this.restore.tag };
    } finally {
      match.close();
    }
  }

  /** Specialises `match` for a port and loads it. The instance belongs to the caller. */
  async loadMatch(constants: PortConstants): Promise<SteeringProgram> {
    return this.#match.load(writePortConstants(constants));
  }

  /** Specialises `guard` for a port and loads it. The instance belongs to the caller. */
  async loadGuard(constants: PortConstants): Promise<SteeringProgram> {
    return this.#guard.load(writePortConstants(constants));
  }

  /** Has packets traced from here on, in place of those that were before. @throws {KernelError} */
  async startTrace(filter: TraceFilter): Promise<void> {
    const template = await ProgramTemplate.prepare('trace', this.#maps);
    const program = await template.load(writeTraceFilter(filter));
    this.#maps.setStage(STAGE.MS_STAGE_TRACE, program.fd);
    program.close();
  }

  stopTrace(): void {
    try {
      this.#maps.clearStage(STAGE.MS_STAGE_TRACE);
    } catch (error) {
      if (!isKernelError(error, 'ENOENT')) throw error;
    }
  }

  /** What is attached stays loaded. */
  close(): void {
    this.#steer.close();
    this.restore.close();
    this.forget.close();
    this.answer.close();
  }
}
