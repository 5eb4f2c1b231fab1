const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes for people: KiB below 1 MiB, MiB from there on; one decimal below 100. */
export function bytesText(bytes: number): string {
  return Math.abs(bytes) < MIB ? `${rounded(bytes / KIB)} KiB` : `${rounded(bytes / MIB)} MiB`;
}

/** Milliseconds for people; seconds from 10 000 ms on. */
export function millisecondsText(milliseconds: number): string {
  return milliseconds < 10_000 ? `${rounded(milliseconds)} ms` : `${rounded(milliseconds / 1000)} s`;
}

function rounded(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 1 : 0);
}
