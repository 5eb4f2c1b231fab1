import { changesBetween, keepingWhatNeedsRestart, keptOf } from '../config/changes.ts';
import type { Config } from '../config/config.ts';
import { configOf } from '../config/config.ts';
import { type LoadedConfig, loadConfigFile } from '../config/load.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { DescriptorStore } from './descriptor-store.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { History } from './history.ts';
import type { LiveConfig } from './live-config.ts';
import type { OperatorValues } from './operator-values.ts';
import type { Reconciler } from './reconcile.ts';
import type { SharedSettings } from './shared-settings.ts';
import { forWorkers } from './worker-slot.ts';
import type { Workers } from './workers.ts';

/** What came of a reload: keys as `section.key`. */
export interface ReloadReport {
  readonly applied: readonly string[];
  /** Keys whose values in the file the daemon cannot follow until it is started again. */
  readonly needs_restart: readonly string[];
}

export interface ReloadContext {
  readonly config: LiveConfig;
  readonly workers: Workers;
  readonly settings: SharedSettings;
  readonly heartbeat: Heartbeat;
  readonly reconciler: Reconciler;
  readonly history: History;
  readonly operator: OperatorValues;
  readonly store: Pick<DescriptorStore, 'changed'>;
  readonly log: Logger;
}

/** Reads the configuration file again and has every part follow it. One reload at a time. */
export class Reloader {
  readonly #context: ReloadContext;
  /** As it is in force: where a key needs a restart, with the value of the start. */
  #loaded: LoadedConfig;
  #needsRestart: readonly string[];
  #turn: Promise<unknown> = Promise.resolve();

  /** @param needsRestart keys whose values in the file are not in force from the beginning */
  constructor(loaded: LoadedConfig, context: ReloadContext, needsRestart: readonly string[] = []) {
    this.#loaded = loaded;
    this.#context = context;
    this.#needsRestart = needsRestart;
  }

  get loaded(): LoadedConfig {
    return this.#loaded;
  }

  /** Keys whose values in the file, when it was read last, are not in force. */
  get needsRestart(): readonly string[] {
    return this.#needsRestart;
  }

  /**
   * @throws {MetasteerError} `config-…` when the file is not valid, `reload-failed` when no worker starts with it; the
   *   configuration before is then in force as it was
   */
  reload(): Promise<ReloadReport> {
    const turn = this.#turn.then(() => this.#reload());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #reload(): Promise<ReloadReport> {
    const { history } = this.#context;
    try {
      const report = await this.#apply(loadConfigFile(this.#loaded.path));
      const { applied, needs_restart: later } = report;
      const waiting = later.length === 0 ? '' : `; after a restart only: ${later.join(', ')}`;
      history.note('info', `reloaded the configuration, ${applied.join(', ') || 'nothing'} changed${waiting}`);
      return report;
    } catch (error) {
      history.note('error', `not reloaded, the configuration before stays: ${messageOf(error)}`);
      throw error;
    }
  }

  async #apply(wanted: LoadedConfig): Promise<ReloadReport> {
    const { applicable, restart } = changesBetween(this.#loaded.file, wanted.file);
    const file = keepingWhatNeedsRestart(wanted.file, keptOf(this.#loaded.file));
    const next = { path: wanted.path, file, config: configOf(file) };
    const { config, settings, workers, heartbeat, reconciler, operator, log } = this.#context;
    const before = config.current;
    const count = workers.wanted;
    config.replace(next.config);
    try {
      // What may fail comes first.
      await this.#renewWorkers(before, next.config);
    } catch (error) {
      config.replace(before);
      await workers.putBack(count);
      throw new MetasteerError('reload-failed', `no worker runs with the new configuration: ${messageOf(error)}`, {
        cause: error,
      });
    }
    operator.clear();
    log.level = next.config.log.level;
    settings.reconfigure(next.config);
    heartbeat.reconfigure();
    reconciler.reconfigure();
    this.#loaded = next;
    this.#needsRestart = restart;
    this.#context.store.changed();
    return { applied: applicable, needs_restart: restart };
  }

  async #renewWorkers(before: Config, after: Config): Promise<void> {
    const { workers } = this.#context;
    if (forWorkers(before) !== forWorkers(after)) await workers.renew();
    // A reload before this one could not be undone whole.
    else if (workers.areOutdated) await workers.putBack(workers.wanted);
    await workers.setCount(after.workers);
  }
}
