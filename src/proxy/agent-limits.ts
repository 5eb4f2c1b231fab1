/** All that a one-shot agent reads of a request, head and body together (contract.md F2). */
export const ONE_SHOT_BYTES_MAX = 4096;
