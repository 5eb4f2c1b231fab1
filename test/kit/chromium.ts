/** Pictures of pages, by Chromium without a window. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inflateSync } from 'node:zlib';
import { isOnPath } from '../../bench/requirements.ts';

/** What `describe` gets as `skip`: it is larger than all other peers together, so it is not among them. */
export const unlessChromium = isOnPath('chromium') ? false : 'chromium is not installed';

export interface Photograph {
  readonly page: string;
  readonly picture: string;
  /** A folder for what it leaves behind. */
  readonly home: string;
  readonly width: number;
  readonly height: number;
  readonly look: 'light' | 'dark';
}

/** @throws {Error} when it fails or takes too long */
export async function photograph({ page, picture, home, width, height, look }: Photograph): Promise<void> {
  const words = [
    ...['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--user-data-dir=${home}/profile`],
    ...[`--window-size=${width},${height}`, `--blink-settings=preferredColorScheme=${look === 'light' ? 1 : 0}`],
    ...[`--screenshot=${picture}`, `file://${page}`],
  ];
  await promisify(execFile)('chromium', words, { timeout: 120_000 });
}

/** What the header says (PNG specification, 11.2.2), and the first pixel, whose filter has nothing to its left or above. */
export function readPng(png: Buffer) {
  const chunks: { readonly type: string; readonly data: Buffer }[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  const header = chunks[0]?.data ?? Buffer.alloc(8);
  const pixels = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  return {
    width: header.readUInt32BE(0),
    height: header.readUInt32BE(4),
    firstPixel: [...pixels.subarray(1, 4)],
    bytes: png.length,
  };
}
