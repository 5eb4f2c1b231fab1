/** Needs Chromium, and is skipped without: it is larger than all other peers together. Leaves the pictures in bench/out/. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { CASES } from '../../bench/cases.ts';
import { reportPage } from '../../bench/html/page.ts';
import { packageRoot } from '../../src/kernel/paths.ts';
import { photograph, readPng, unlessChromium } from '../kit/chromium.ts';
import { sampleReport } from './sample-report.ts';

const SIZE = { width: 1280, height: 3200 } as const;
/** Backgrounds of bench/html/style.ts. */
const LOOKS = [
  { look: 'light', background: [0xf4, 0xf5, 0xf7] },
  { look: 'dark', background: [0x12, 0x15, 0x1b] },
] as const;

describe('the page in Chromium', { skip: unlessChromium }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  const file = join(folder, 'page.html');
  writeFileSync(file, reportPage(sampleReport(), CASES));
  const out = join(packageRoot, 'bench/out');
  mkdirSync(out, { recursive: true });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const { look, background } of LOOKS) {
    test(`is ${look} where the reader wants it so, with as many shades as a picture has`, async () => {
      const picture = join(out, `sample-${look}.png`);
      await photograph({ page: file, picture, home: folder, ...SIZE, look });
      const { width, height, firstPixel, bytes } = readPng(readFileSync(picture));
      assert.deepEqual([width, height, firstPixel], [SIZE.width, SIZE.height, background]);
      // An empty page of this size compresses to some kilobytes.
      assert.ok(bytes > 50_000, `${bytes}`);
    });
  }
});
