/** What clients, the agent and the caller do, as bytes (front.c): scenes that a fuzzer would look for long to find. */

/** First bytes of a step: 4 and above are a client's, by number. */
const AGENT = 0;
const ASK = 1;
const TAKE = 2;
const CLIENT = 4;
/** What a client does; the first step of one connects it. */
const ABOUT_ONE_READ = [0, 0];
const URGENT = [3];
const END = [6];

function client(number: number, ...what: readonly (readonly number[])[]): number[] {
  return what.flatMap((does) => [CLIENT, number, ...does]);
}

export function* frontSeeds(): Iterable<readonly [name: string, input: Uint8Array]> {
  const connect = (number: number) => [CLIENT, number];
  const fillers = [1, 2, 3, 4, 5].flatMap((number) => [
    ...connect(number),
    ...client(number, [...ABOUT_ONE_READ, 1], [...ABOUT_ONE_READ, 2]),
  ]);
  for (const shift of [0, 1, 2, 3, 4]) {
    const piece = [...ABOUT_ONE_READ, shift];
    const attack = [...connect(0), ...client(0, piece, URGENT, piece, END)];
    yield [`urgent-${shift}`, Uint8Array.from([...fillers, ...attack, TAKE, TAKE])];
    yield [`urgent-twice-${shift}`, Uint8Array.from([...fillers, ...attack, ...client(0, URGENT), TAKE])];
  }
  yield ['agent', Uint8Array.from([ASK, 9, AGENT, AGENT, 0, 200, AGENT, 2, AGENT, 3, AGENT, 0, 200, TAKE, TAKE])];
}
