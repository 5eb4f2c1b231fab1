/** Needs Chromium, and is skipped without: it is larger than all other peers together. Leaves the pictures in bench/out/. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { inflateSync } from 'node:zlib';
import { CASES } from '../../bench/cases.ts';
import { reportPage } from '../../bench/html/page.ts';
import { isOnPath } from '../../bench/requirements.ts';
import { packageRoot } from '../../src/kernel/paths.ts';
import { sampleReport } from './sample-report.ts';

const run = promisify(execFile);
const SIZE = { width: 1280, height: 3200 } as const;
/** Backgrounds of bench/html/style.ts. */
const LOOKS = [
  { look: 'light', scheme: 1, background: [0xf4, 0xf5, 0xf7] },
  { look: 'dark', scheme: 0, background: [0x12, 0x15, 0x1b] },
] as const;

describe('the page in Chromium', { skip: isOnPath('chromium') ? false : 'chromium is not installed' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  const file = join(folder, 'page.html');
  writeFileSync(file, reportPage(sampleReport(), CASES));
  const out = join(packageRoot, 'bench/out');
  mkdirSync(out, { recursive: true });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const { look, scheme, background } of LOOKS) {
    test(`is ${look} where the reader wants it so, with as many shades as a picture has`, async () => {
      const picture = join(out, `sample-${look}.png`);
      await photograph(file, picture, folder, scheme);
      const { width, height, firstPixel, bytes } = readPng(readFileSync(picture));
      assert.deepEqual([width, height, firstPixel], [SIZE.width, SIZE.height, background]);
      // An empty page of this size compresses to some kilobytes.
      assert.ok(bytes > 50_000, `${bytes}`);
    });
  }
});

async function photograph(page: string, picture: string, home: string, scheme: number): Promise<void> {
  const words = [
    ...['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--user-data-dir=${home}/profile`],
    ...[`--window-size=${SIZE.width},${SIZE.height}`, `--blink-settings=preferredColorScheme=${scheme}`],
    ...[`--screenshot=${picture}`, `file://${page}`],
  ];
  await run('chromium', words, { timeout: 120_000 });
}

/** What the header says (PNG specification, 11.2.2), and the first pixel, whose filter has nothing to its left or above. */
function readPng(png: Buffer) {
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
