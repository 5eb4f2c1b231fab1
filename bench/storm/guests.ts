import { runCommand } from '../../src/demo/command.ts';
import { Histogram } from '../histogram.ts';
import { compileAsking } from '../load/compile.ts';
import { METADATA_ADDRESS, type Tenant } from '../tenant.ts';
import { BOOT_DOCUMENTS } from './documents.ts';

/** What a guest does when its first probe brings a 503 (contract.md 5), by the words of the program. */
export const MANNERS = {
  'give-up': 'give up at any 503',
  'wait-if-told': 'wait at a 503 with Retry-After',
  wait: 'wait at any 503',
} as const;

export type Manners = keyof typeof MANNERS;

export interface BootPlan {
  readonly guests: number;
  readonly manners: Manners;
  /** Seconds until a request counts as failed; 10 as in cloud-init when absent. */
  readonly timeout?: number;
  /** Seconds until a boot counts as failed, whatever it waits for; 120 when absent. */
  readonly patience?: number;
  /** Seconds until a request is repeated; 1 as in cloud-init when absent. */
  readonly pause?: number;
}

/** One guest's boot. */
export interface Boot {
  /** It got every document with 200. */
  readonly ok: boolean;
  /** From the start of all to its end. */
  readonly seconds: number;
  readonly attempts: number;
  /** Of a failed one: which document it asked for last, from 0, … */
  readonly document?: number;
  /** … and the status, or what happened to the connection: refused, reset, closed, timeout, garbled, local; or patience. */
  readonly why?: string;
}

/** What came of a storm. */
export interface BootResult {
  readonly guests: readonly Boot[];
  /** Attempts of all guests. */
  readonly started: number;
  /** Until the last boot was over. */
  readonly seconds: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  /** Of every answer, whatever its status, from the beginning of its attempt. */
  readonly latency: Histogram;
}

export interface BootRoute {
  readonly to: string;
  readonly port?: number;
  /** Of the first guest; the others have those that follow. */
  readonly from: string;
}

const PATIENCE_S = 120;
const GRACE_MS = 30_000;

/** The program in bench/load that boots many instances at once. */
export class Guests {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  /** Compiles it into a folder. @throws {CommandError} with what the compiler said */
  static async compile(folder: string): Promise<Guests> {
    return new Guests(await compileAsking(folder, 'guests', ['guests.c']));
  }

  /** Boots guests behind a tenant's router, each at an address of its own. @throws {CommandError} */
  boot({ instance, addresses: [from] }: Tenant, plan: BootPlan): Promise<BootResult> {
    if (from === undefined) throw new RangeError('the tenant has no address');
    const within = ['ip', 'netns', 'exec', instance.name];
    return this.ask({ to: METADATA_ADDRESS, from }, plan, BOOT_DOCUMENTS, within);
  }

  /** Boots guests wherever a command given before the program's own takes it. @throws {CommandError} */
  async ask(
    { to, port = 80, from }: BootRoute,
    { guests, manners, timeout = 10, patience = PATIENCE_S, pause = 1 }: BootPlan,
    documents: readonly string[],
    within: readonly string[] = [],
  ): Promise<BootResult> {
    const options = { to, port, from, guests, 'at-503': manners, timeout, patience, pause };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const [command = this.#program, ...rest] = [...within, this.#program, ...words];
    const input = documents.map((path) => `${path}\n`).join('');
    const text = await runCommand(command, rest, { input, timeoutMs: patience * 1000 + GRACE_MS });
    const { histogram, ...result } = JSON.parse(text) as Omit<BootResult, 'latency'> & {
      readonly histogram: readonly (readonly [number, number])[];
    };
    return { ...result, latency: new Histogram(histogram) };
  }
}
