/** One metric as Prometheus knows it, with all its values. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** Of a histogram: `_bucket`, `_sum` or `_count`. */
  readonly suffix?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with one value. */
export function single(type: 'counter' | 'gauge', name: string, help: string, value: number): Family {
  return { name, help, type, samples: [{ labels: {}, value }] };
}

/** A metric with one label, from values by what the label says. */
export function byLabel(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): Family {
  const samples = Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
  return { name, help, type, samples };
}

/** How many things are in each state. @param known states that are told also when nothing is in them */
export function byState(
  name: string,
  help: string,
  known: readonly string[],
  things: readonly { readonly state: string }[],
): Family {
  const counts = Object.fromEntries(
    known.map((each) => [each, things.filter(({ state }) => state === each).length] as const),
  );
  return byLabel('gauge', name, help, 'state', counts);
}

/**
 * A histogram.
 *
 * @param bounds upper bounds of the buckets but the last, which has none
 * @param counts how many are in each bucket alone; Prometheus wants them with those of the buckets below
 */
export function histogram(
  name: string,
  help: string,
  bounds: readonly number[],
  { counts, sum }: { readonly counts: readonly number[]; readonly sum: number },
): Family {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    return { suffix: '_bucket', labels: { le: String(bounds[index] ?? '+Inf') }, value: total };
  });
  const ends = [
    { suffix: '_sum', labels: {}, value: sum },
    { suffix: '_count', labels: {}, value: total },
  ];
  return { name, help, type: 'histogram', samples: [...buckets, ...ends] };
}
