/** Has one list of a document, named by its only argument, wrong in very many places, and says by which name it is refused. */
import { parseStored } from '../../src/control/stored.ts';
import { handOverValues } from './sample-hand-over.ts';

const ITEMS = 2_000_000;
/** As many as there may be, each wrong in many places. */
const PORTS = 16_384;
/** Names take more room than numbers. */
const NAMES = 400_000;

const wrong = new Array<number>(ITEMS).fill(0);
const handOver = handOverValues();
const limits = () => Object.fromEntries(Array.from({ length: NAMES }, (_, index) => [`k${index}`, '']));
const documents: Readonly<Record<string, () => object>> = {
  ports: () => ({ names: [], handOver: { ...handOver, ports: wrong } }),
  'every port': () => ({ names: [], handOver: { ...handOver, ports: new Array<object>(PORTS).fill({}) } }),
  events: () => ({ names: [], handOver: { ...handOver, events: wrong } }),
  drained: () => ({ names: [], handOver: { ...handOver, drained: { ...handOver.drained, owners: wrong } } }),
  limits: () => ({ names: [], handOver: { ...handOver, operator: { limits: limits() } } }),
  names: () => ({ names: wrong, handOver }),
};

const text = JSON.stringify({ sequence: 1, namespaceInode: 1, ...documents[process.argv[2] ?? '']?.() });
try {
  parseStored(text);
} catch (error) {
  process.stdout.write(error instanceof Error ? error.name : String(error));
}
