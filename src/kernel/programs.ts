import { isKernelError } from './kernel-error.ts';
import { type PortConstants, STAGE, type TraceFilter, writePortConstants, writeTraceFilter } from './layout.gen.ts';
import type { SteeringMaps } from './maps.ts';
import { type ProgramKind, ProgramTemplate, type SteeringProgram } from './program.ts';

/** For programs without constants. */
const NOTHING = Buffer.alloc(0);

/**
 * The programs of a daemon: `match` is loaded for each port and `guard` for those that need it; one `steer`, one
 * `restore` and one `forget` serve them all.
 */
export class Programs {
  readonly #match: ProgramTemplate;
  readonly #guard: ProgramTemplate;
  readonly #maps: SteeringMaps;
  readonly restore: SteeringProgram;
  readonly forget: SteeringProgram;

  private constructor(
    maps: SteeringMaps,
    templates: { readonly match: ProgramTemplate; readonly guard: ProgramTemplate },
    restore: SteeringProgram,
    forget: SteeringProgram,
  ) {
    this.#maps = maps;
    this.#match = templates.match;
    this.#guard = templates.guard;
    this.restore = restore;
    this.forget = forget;
  }

  /**
   * Prepares them, and puts `steer` into its stage.
   *
   * @throws {KernelError} with the verifier's last lines when the kernel refuses one of them.
   */
  static async prepare(maps: SteeringMaps): Promise<Programs> {
    const template = (kind: ProgramKind) => ProgramTemplate.prepare(kind, maps);
    const templates = { match: await template('match'), guard: await template('guard') };
    const steer = await (await template('steer')).load(NOTHING);
    maps.setStage(STAGE.MS_STAGE_STEER, steer.fd);
    steer.close();
    const noPort = Buffer.alloc(4);
    noPort.writeUInt32LE(maps.noPort);
    const restore = await (await template('restore')).load(noPort);
    return new Programs(maps, templates, restore, await (await template('forget')).load(NOTHING));
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
    this.restore.close();
    this.forget.close();
  }
}
