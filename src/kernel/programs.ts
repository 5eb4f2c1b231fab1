import { room } from './ffi.ts';
import { type PortConstants, STAGE, writePortConstants } from './layout.gen.ts';
import type { SteeringMaps } from './maps.ts';
import { ProgramTemplate, type SteeringProgram } from './program.ts';

/** The programs of a daemon: `match` is loaded for each port, one `steer` and one `restore` serve them all. */
export class Programs {
  readonly #match: ProgramTemplate;
  readonly restore: SteeringProgram;

  private constructor(match: ProgramTemplate, restore: SteeringProgram) {
    this.#match = match;
    this.restore = restore;
  }

  /**
   * Prepares them, and puts `steer` into its stage.
   *
   * @throws {KernelError} with the verifier's last lines when the kernel refuses one of them.
   */
  static async prepare(maps: SteeringMaps): Promise<Programs> {
    const match = await ProgramTemplate.prepare('match', maps);
    const steer = await (await ProgramTemplate.prepare('steer', maps)).load(Buffer.alloc(0));
    maps.setStage(STAGE.MS_STAGE_STEER, steer.fd);
    steer.close();
    return new Programs(match, await loadRestore(maps));
  }

  /** Specialises `match` for a port and loads it. The instance belongs to the caller. */
  async loadMatch(constants: PortConstants): Promise<SteeringProgram> {
    return this.#match.load(writePortConstants(constants));
  }

  /** What is attached stays loaded. */
  close(): void {
    this.restore.close();
  }
}

async function loadRestore(maps: SteeringMaps): Promise<SteeringProgram> {
  const noPort = room(4);
  noPort.writeUInt32LE(maps.noPort);
  return (await ProgramTemplate.prepare('restore', maps)).load(noPort);
}
