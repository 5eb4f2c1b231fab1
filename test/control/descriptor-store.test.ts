import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescriptorStore, type StoreContext } from '../../src/control/descriptor-store.ts';
import { Drained } from '../../src/control/drained.ts';
import { History } from '../../src/control/history.ts';
import { OperatorValues } from '../../src/control/operator-values.ts';
import { ServiceManager } from '../../src/control/service-manager.ts';
import { parseStored, type StoredDocument } from '../../src/control/stored.ts';
import { readDocument } from '../../src/kernel/document.ts';
import { KernelError } from '../../src/kernel/kernel-error.ts';
import { createLogger } from '../../src/log.ts';

const log = createLogger('error');
const EAGAIN = 11;
/** The store is brought in step at the first change, and then once a second. */
const STEP_MS = 1100;

interface Site {
  readonly store: DescriptorStore;
  readonly context: StoreContext;
  readonly operator: OperatorValues;
  readonly history: History;
  /** What the manager keeps. */
  readonly names: () => readonly string[];
  readonly documents: StoredDocument[];
  /** How many messages its socket takes before it is full. */
  readonly room: { messages: number };
  /** How often there was no document since there was one. */
  readonly gaps: { count: number };
}

/** A store with so many maps for all, in a daemon without ports. */
function site({ max = 20, maps = 3, onExit = 'release' } = {}): Site {
  const kept = new Set<string>();
  const documents: StoredDocument[] = [];
  const room = { messages: Number.POSITIVE_INFINITY };
  const gaps = { count: 0 };
  const hasDocument = () => [...kept].some((name) => name.startsWith('document-'));
  const send = (_: string, message: string, descriptor = -1) => {
    if (room.messages <= 0) throw new KernelError('ms_notify', EAGAIN);
    room.messages -= 1;
    const name = /FDNAME=(.*)/.exec(message)?.[1] ?? '';
    const had = hasDocument();
    if (message.startsWith('FDSTOREREMOVE=1')) kept.delete(name);
    else kept.add(name);
    if (descriptor !== -1 && name.startsWith('document-')) documents.push(parseStored(readDocument(descriptor)));
    if (had && !hasDocument()) gaps.count += 1;
  };
  const manager = new ServiceManager({ NOTIFY_SOCKET: '@notify', FDSTORE: String(max) }, log, send);
  const operator = new OperatorValues();
  const history = new History(log);
  const steering = { attach: 'auto', ports_max: 1, neighbours_max: 1, flows_max: 1, on_exit: onExit };
  const context = {
    maps: { fds: Array.from({ length: maps }, (_, index) => 100 + index) },
    rates: { current: undefined },
    reconciler: { ports: [] },
    reloader: { loaded: { file: { run_dir: '/r', namespace: 'n', netns_dir: '/n', admin: {}, steering } } },
    programs: { tags: () => Promise.resolve({ match: 'a', restore: 'b' }) },
    namespace: { inode: 7 },
    drained: new Drained(),
    ...{ operator, history, log },
  } as unknown as StoreContext;
  const store = new DescriptorStore(manager);
  return { store, context, operator, history, names: () => [...kept].sort(), documents, room, gaps };
}

const MAPS = ['map-0', 'map-1', 'map-2'];

describe('a store of descriptors', () => {
  test('has a document at any time, which follows what changes', async () => {
    const { store, context, operator, names, documents, gaps } = site();
    await store.begin(context, 0);
    await sleep(50);
    assert.deepEqual(names(), ['document-0', ...MAPS]);
    assert.deepEqual(documents.at(-1)?.names, MAPS);
    operator.workers = 3;
    store.changed();
    await sleep(STEP_MS);
    assert.deepEqual(names(), ['document-1', ...MAPS]);
    assert.equal(documents.at(-1)?.handOver.operator.workers, 3);
    store.changed();
    await sleep(STEP_MS);
    assert.equal(documents.length, 2, 'the same is not told again');
    assert.equal(gaps.count, 0);
    assert.deepEqual(store.status, { state: 'kept', descriptors: 4, max: 20 });
    await store.empty();
    assert.deepEqual(names(), []);
    store.changed();
    await sleep(50);
    assert.deepEqual(names(), []);
  });

  test('tells again what the service manager had no room for', async () => {
    const { store, context, names, room } = site();
    room.messages = 2;
    await store.begin(context, 0);
    await sleep(50);
    assert.deepEqual(names(), ['map-0', 'map-1']);
    room.messages = Number.POSITIVE_INFINITY;
    await sleep(150);
    assert.deepEqual(names(), ['document-0', ...MAPS]);
    room.messages = 1;
    const emptied = store.empty();
    await sleep(20);
    room.messages = Number.POSITIVE_INFINITY;
    await emptied;
    assert.deepEqual(names(), []);
  });

  const none: readonly [title: string, plan: Parameters<typeof site>[0], state: string, told: number][] = [
    ['is too small by one', { max: 4 }, 'full', 1],
    ['would have more names than a program can be started with', { max: 20_000, maps: 15_000 }, 'full', 1],
    ['is none', { max: 0 }, 'off', 0],
    ['would let packets pass that are to be held', { onExit: 'hold' }, 'off', 0],
  ];
  for (const [title, plan, state, told] of none) {
    test(`keeps nothing where it ${title}`, async () => {
      const { store, context, names, history } = site(plan);
      await store.begin(context, 0);
      await sleep(50);
      store.changed();
      await sleep(STEP_MS);
      assert.deepEqual(names(), []);
      assert.equal(store.status.state, state);
      assert.equal(history.events.length, told, 'it is said once');
      await store.empty();
    });
  }

  test('gives up what it was passed and nobody uses, and closes it', async () => {
    const fds = [openSync('/dev/null', 'r'), openSync('/dev/null', 'r')] as const;
    const messages: string[] = [];
    const send = (_: string, message: string) => messages.push(message);
    const manager = new ServiceManager({ NOTIFY_SOCKET: '@notify', FDSTORE: '9' }, log, send);
    const store = new DescriptorStore(
      manager,
      new Map([
        ['map-0', fds[0]],
        ['listener-1-2', fds[1]],
      ]),
    );
    store.keepOnly(new Set(['map-0']));
    assert.deepEqual(messages, ['FDSTOREREMOVE=1\nFDNAME=listener-1-2']);
    assert.throws(() => fstatSync(fds[1]), /EBADF/);
    fstatSync(fds[0]);
    await store.empty();
    closeSync(fds[0]);
    assert.equal(messages.length, 2);
  });
});
