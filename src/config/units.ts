const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

const SIZE = /^(\d+)(B|KiB|MiB|GiB)$/;
const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Reads a duration, a number of seconds or text such as `500ms`, as whole milliseconds; undefined when it is neither. */
export function readDurationMs(value: unknown): number | undefined {
  if (typeof value === 'number') return wholeMs(value * 1000);
  const [, amount, unit = ''] = (typeof value === 'string' && DURATION.exec(value)) || [];
  return amount === undefined ? undefined : wholeMs(Number(amount) * (MILLISECONDS[unit] ?? Number.NaN));
}

/** Reads a size, a number of bytes or text such as `64KiB`, as bytes; undefined when it is neither. */
export function readSizeBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  const [, amount, unit = ''] = (typeof value === 'string' && SIZE.exec(value)) || [];
  if (amount === undefined) return undefined;
  const bytes = Number(amount) * (BYTES[unit] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Decimal fractions of a second are not exact in binary, so a distance far below a millisecond is forgiven. */
function wholeMs(ms: number): number | undefined {
  const rounded = Math.round(ms);
  return Number.isSafeInteger(rounded) && Math.abs(ms - rounded) < 1e-6 ? rounded : undefined;
}
