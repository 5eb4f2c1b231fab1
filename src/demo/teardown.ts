import { messageOf } from '../errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Takes away what was made, last made first, however the demo ends. A signal, or an error that nobody caught, aborts
 * `signal`; whoever is at work looks at it between two steps (each of which is bounded) and throws.
 */
export class Teardown {
  readonly #actions: { readonly what: string; readonly action: () => void | Promise<void> }[] = [];
  readonly #crashes: Error[] = [];
  readonly #controller = new AbortController();

  constructor() {
    // Stays until the end of the process: a second Ctrl-C must not interrupt the clean-up either.
    for (const name of SIGNALS) process.on(name, () => this.#controller.abort(new Error(`stopped by ${name}`)));
    process.on('uncaughtException', (error) => {
      this.#crashes.push(error);
      this.#controller.abort(error);
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  add(what: string, action: () => void | Promise<void>): void {
    this.#actions.push({ what, action });
  }

  /** Runs all actions, also after one that fails. Returns what went wrong by then, in words. */
  async run(): Promise<readonly string[]> {
    const failures: string[] = [];
    for (const { what, action } of this.#actions.splice(0).reverse()) {
      try {
        await action();
      } catch (error) {
        failures.push(`could not take away the ${what}: ${messageOf(error)}`);
      }
    }
    return [...this.#crashes.map((error) => error.stack ?? error.message), ...failures];
  }
}
