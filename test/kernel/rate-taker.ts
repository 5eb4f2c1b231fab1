/** Asks as one client COUNT times in a table at descriptor 3 that allows LIMIT; says how often it was served. */
import { RateCounter } from '../../src/kernel/rates.ts';

const [, , count, limit] = process.argv.map(Number);
const windows = { baseMs: 60_000, baseLimit: limit ?? 0, burstMs: 60_000, burstLimit: limit ?? 0, countRefused: 0 };
const counter = RateCounter.open(3, windows);
let served = 0;
for (let index = 0; index < (count ?? 0); index += 1) if (counter.take('everybody', 1000) === 0) served += 1;
process.stdout.write(`${served}\n`);
