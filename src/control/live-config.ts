import type { Config } from '../config/config.ts';

/** The configuration that holds now. A reload puts another in its place, so it is read anew at each use. */
export class LiveConfig {
  #current: Config;

  constructor(config: Config) {
    this.#current = config;
  }

  get current(): Config {
    return this.#current;
  }

  replace(config: Config): void {
    this.#current = config;
  }
}
