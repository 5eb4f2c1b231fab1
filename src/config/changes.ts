/** What differs between two configurations, key by key, and what of it a running daemon cannot follow. */
import { CONFIG_KEYS, type ConfigFile } from './schema.ts';

/** Names, places and sizes that everything else is built on. */
const RESTART_KEYS: ReadonlySet<string> = new Set([
  'run_dir',
  'namespace',
  'netns_dir',
  'admin.socket',
  'steering.attach',
  'steering.ports_max',
  'steering.neighbours_max',
  'steering.flows_max',
  'steering.on_exit',
]);

export interface ConfigChanges {
  /** Keys that a running daemon follows, as `section.key`. */
  readonly applicable: readonly string[];
  /** Those it can follow only when it is started again. */
  readonly restart: readonly string[];
}

/** Keys whose values differ, defaults filled in. */
export function changesBetween(before: ConfigFile, after: ConfigFile): ConfigChanges {
  const changed = [...CONFIG_KEYS.facts.keys()].filter(
    (key) => JSON.stringify(valueAt(before, key)) !== JSON.stringify(valueAt(after, key)),
  );
  return {
    applicable: changed.filter((key) => !RESTART_KEYS.has(key)),
    restart: changed.filter((key) => RESTART_KEYS.has(key)),
  };
}

/** A configuration with the values of another where a running daemon cannot follow it. */
export function keepingWhatNeedsRestart(wanted: ConfigFile, running: ConfigFile): ConfigFile {
  const { attach, ports_max, neighbours_max, flows_max, on_exit } = running.steering;
  return {
    ...wanted,
    run_dir: running.run_dir,
    namespace: running.namespace,
    netns_dir: running.netns_dir,
    admin: running.admin,
    steering: { ...wanted.steering, attach, ports_max, neighbours_max, flows_max, on_exit },
  };
}

function valueAt(file: ConfigFile, key: string): unknown {
  return key.split('.').reduce<unknown>((value, step) => Reflect.get(Object(value), step), file);
}
