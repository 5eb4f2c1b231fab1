/** Modes, and kinds of parts, of descriptors.c. */
const MODES = { kernel: 0, forged: 1, credentials: 2, few: 4, single: 8 } as const;
const [RIGHTS, CREDENTIALS, OTHER_LEVEL, OTHER_TYPE] = [0, 1, 2, 3];

type Part = readonly [kind: number, count: number];

const PARTS: Readonly<Record<string, readonly Part[]>> = {
  'as-sent': [[RIGHTS, 3]],
  one: [[RIGHTS, 1]],
  most: [[RIGHTS, 253]],
  none: [],
  'empty-rights': [[RIGHTS, 0]],
  'two-parts': [
    [RIGHTS, 2],
    [RIGHTS, 1],
  ],
  'credentials-first': [
    [CREDENTIALS, 0],
    [RIGHTS, 3],
  ],
  'credentials-last': [
    [RIGHTS, 3],
    [CREDENTIALS, 0],
  ],
  'other-level': [
    [OTHER_LEVEL, 3],
    [RIGHTS, 3],
  ],
  'other-type': [
    [RIGHTS, 3],
    [OTHER_TYPE, 1],
  ],
};

/** Payloads: the count that was sent, another, too few bytes, too many, and none. */
const PAYLOADS = [[3, 0, 0, 0], [1, 0, 0, 0], [253, 0, 0, 0], [3, 0, 0], [3, 0, 0, 0, 0, 0, 0, 0], []] as const;

/** Messages with descriptors, through the kernel and forged. */
export function* descriptorsSeeds(): Generator<readonly [string, Uint8Array]> {
  for (const [mode, bit] of Object.entries(MODES))
    for (const [parts, list] of Object.entries(PARTS))
      for (const [index, payload] of PAYLOADS.entries())
        yield [
          `${mode}-${parts}-${index}`,
          Uint8Array.from([bit, index === 1 ? 2 : 253, 1, 0, payload.length, ...payload, ...list.flat()]),
        ];
  for (const flags of [1, 2, 3])
    yield [`forged-flags-${flags}`, Uint8Array.from([1, 253, 0, flags, 4, 3, 0, 0, 0, 0, 3])];
}
