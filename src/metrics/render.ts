import { AggregatorRegistry } from 'prom-client';
import type { Family } from './family.ts';

/** The text format of Prometheus, version 0.0.4. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Writes metrics in the text format. A metric without values says nothing, and is left out. */
export function render(families: readonly Family[]): Promise<string> {
  const documents = families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => ({
      ...{ name, help, type },
      // Every metric comes once, so there is nothing to add up.
      aggregator: 'first',
      values: samples.map(({ suffix = '', labels, value }) => ({ metricName: name + suffix, labels, value })),
    }));
  return AggregatorRegistry.aggregate([documents]).metrics();
}
