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
  'metrics.socket',
  'metrics.listen',
  'metrics.owner_label',
  'metrics.owners_max',
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

/** Values of the keys that need a restart. */
export interface KeptValues
  extends Pick<ConfigFile['steering'], 'attach' | 'ports_max' | 'neighbours_max' | 'flows_max' | 'on_exit'> {
  readonly run_dir: string;
  readonly namespace: string;
  readonly netns_dir: string;
  readonly admin: { readonly socket?: string | undefined };
  /** Absent where another process takes over, which serves its own. */
  readonly metrics?: ConfigFile['metrics'];
}

export function keptOf({ run_dir, namespace, netns_dir, admin, metrics, steering }: ConfigFile): KeptValues {
  const { attach, ports_max, neighbours_max, flows_max, on_exit } = steering;
  return { run_dir, namespace, netns_dir, admin, metrics, attach, ports_max, neighbours_max, flows_max, on_exit };
}

/** A configuration with the values of another where a running daemon cannot follow it. */
export function keepingWhatNeedsRestart(wanted: ConfigFile, kept: KeptValues): ConfigFile {
  const { run_dir, namespace, netns_dir, admin, metrics = wanted.metrics, ...steering } = kept;
  const { attach, ports_max, neighbours_max, flows_max, on_exit } = steering;
  return {
    ...wanted,
    run_dir,
    namespace,
    netns_dir,
    admin: { socket: admin.socket },
    metrics,
    steering: { ...wanted.steering, attach, ports_max, neighbours_max, flows_max, on_exit },
  };
}

function valueAt(file: ConfigFile, key: string): unknown {
  return key.split('.').reduce<unknown>((value, step) => Reflect.get(Object(value), step), file);
}
