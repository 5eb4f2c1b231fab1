import { variableOf } from './environment.ts';
import type { LayeredConfig } from './layers.ts';
import { CONFIG_KEYS } from './schema.ts';

/** One key as it holds. */
export interface EffectiveKey {
  /** As `section.key`. */
  readonly key: string;
  /** As it is written; of a default that is derived, what it is in words. */
  readonly value: unknown;
  readonly source: 'default' | 'file' | 'neutron' | 'environment';
  /** `FILE:LINE`, or the variable; absent for defaults. */
  readonly place?: string;
}

/** Every key with the value that holds and where that is from. @param path of the file, as it is to be shown */
export function effectiveKeys({ document, placeOf }: LayeredConfig, path: string): readonly EffectiveKey[] {
  return [...CONFIG_KEYS.facts].map(([key, facts]): EffectiveKey => {
    const steps = key.split('.');
    const value = valueAt(document.values, steps);
    if (value === undefined) return { key, value: facts.default, source: 'default' };
    const added = placeOf(steps);
    if (added === undefined) return { key, value, source: 'file', place: `${path}:${document.valuePlace(steps).line}` };
    if (added.file === variableOf(key)) return { key, value, source: 'environment', place: added.file };
    return { key, value, source: 'neutron', place: `${added.file ?? path}:${added.line}` };
  });
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  let value = values;
  for (const step of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
  return value;
}
