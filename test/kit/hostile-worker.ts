/** Runs in a worker's place, started by the real launcher: makes one attempt of hostile.c and says on its messages how it went. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ffi from 'ffi-napi';
import { confine, reportDenied } from '../../src/kernel/sandbox.ts';

const MESSAGES = 3;
const LIBRARY = fileURLToPath(new URL('../hostile.so', import.meta.url));

/** `-` where it is not yet confined. */
const [agent = '-', name = '', text = '', number = '0'] = process.argv.slice(2);

const hostile = ffi.Library(LIBRARY, {
  attempt: ['int', ['string', 'string', 'int']],
  call_number: ['int', ['string']],
}) as unknown as {
  attempt(name: string, text: string, number: number): number;
  call_number(name: string): number;
};

const target = name === 'call' ? hostile.call_number(text) : Number(number);
if (process.env['METASTEER_WORKER'] !== undefined) reportDenied();
if (agent !== '-') confine(join('/', agent));
writeSync(MESSAGES, `${hostile.attempt(name, text, target)}\n`);
process.exit(0);
