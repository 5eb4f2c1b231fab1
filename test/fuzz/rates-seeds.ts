/** Kinds of steps in rates.c. */
const [WRITE, TAKE, TAKE_LONG, CUT, GROW, FREEZE, REOPEN] = [0, 1, 2, 3, 4, 5, 6];

function step(kind: number, index: number, number: bigint): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt8(index, 1);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, number), 2);
  return bytes;
}

/** Steps in the table's memory, without and with a second thread that writes. */
export function* ratesSeeds(): Generator<readonly [string, Uint8Array]> {
  const takes = Array.from({ length: 12 }, (_, index) => step(TAKE, index, BigInt(index * 997)));
  const cases: Readonly<Record<string, readonly Buffer[]>> = {
    counted: takes,
    'other-size': [step(WRITE, 2, 1n << 40n), ...takes],
    'no-size': [step(WRITE, 2, 0n), ...takes, step(REOPEN, 0, 0n), ...takes],
    'odd-size': [step(WRITE, 2, 0xffff_ffff_ffff_fff1n), ...takes, step(REOPEN, 0, 0n), ...takes],
    'other-secret': [step(WRITE, 0, -1n), step(WRITE, 1, -1n), ...takes],
    'all-words': Array.from({ length: 51 }, (_, index) => [step(WRITE, index, -1n), step(TAKE, 7, 3n)]).flat(),
    'in-the-future': [...takes, ...takes.keys()].flatMap((_, index) => [
      step(WRITE, index, 0xffff_0000_ffff_ffffn),
      step(TAKE_LONG, index, BigInt(index)),
    ]),
    sealed: [step(CUT, 0, 0n), step(GROW, 0, 0n), step(FREEZE, 0, 0n), ...takes],
  };
  for (const [name, steps] of Object.entries(cases))
    for (const threads of [0, 1]) yield [`${name}-${threads}`, Buffer.concat([Buffer.from([threads]), ...steps])];
}
