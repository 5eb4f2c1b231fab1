/** How contenders look, everywhere. Colours are CSS variables of the page, so that they follow light and dark. */
import type { Who } from '../plot.ts';

export const INK = 'var(--ink)';
export const FAINT = 'var(--faint)';
export const GRID = 'var(--grid)';
export const PAPER = 'var(--card)';
export const LIMIT = 'var(--limit)';
export const FONT_PX = 13;

/** Shades of a contender, from full to pale: style.ts has as many of each. */
const SHADES = 3;
/** Solid for us, broken for the incumbent; further ones of the same contender differ by what is between the dots. */
const DASHES: Readonly<Record<Who, readonly (readonly number[] | 'solid')[]>> = {
  metasteer: ['solid', [10, 3, 2, 3], [2, 3]],
  haproxy: [
    [7, 4],
    [14, 4],
    [4, 6],
  ],
  other: [
    [1, 3],
    [5, 2, 1, 2],
    [12, 3],
  ],
};
const SYMBOLS: Readonly<Record<Who, readonly string[]>> = {
  metasteer: ['circle', 'triangle', 'pin'],
  haproxy: ['rect', 'diamond', 'roundRect'],
  other: ['emptyCircle', 'emptyRect', 'emptyTriangle'],
};

/** Colour of a contender's n-th series. */
export function colourOf(who: Who, variant = 0): string {
  return `var(--${who}-${variant % SHADES})`;
}

export function dashOf(who: Who, variant = 0): number[] | 'solid' {
  const dash = DASHES[who][variant % SHADES] ?? 'solid';
  return typeof dash === 'string' ? dash : [...dash];
}

export function symbolOf(who: Who, variant = 0): string {
  return SYMBOLS[who][variant % SHADES] ?? 'circle';
}

/** Hatching of bars: none for us, stripes for the incumbent, dots for others. */
export function hatchingOf(who: Who) {
  if (who === 'metasteer') return {};
  const stripes = { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4, color: PAPER };
  const dots = { symbol: 'circle', dashArrayX: [[4, 4]], dashArrayY: [4, 4], symbolSize: 0.7, color: PAPER };
  return { decal: who === 'haproxy' ? stripes : dots };
}

/** A number for an axis or a bar: as few digits as tell it apart. */
export function numberText(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6) return `${short(value / 1e6)} M`;
  if (size >= 1e4) return `${short(value / 1e3)} k`;
  return size >= 1000 ? value.toLocaleString('en', { maximumFractionDigits: 0 }) : short(value);
}

function short(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
