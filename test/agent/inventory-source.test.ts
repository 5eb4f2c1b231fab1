import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { InventorySource, type InventorySourceOptions } from '../../src/agent/inventory-source.ts';
import type { MetasteerError } from '../../src/errors.ts';
import { asker, INSTANCE, ROUTER, uuid } from './sample-cloud.ts';

let folder: string;
let file: string;
let opened: InventorySource[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'metasteer-inventory-'));
  file = join(folder, 'inventory.yaml');
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((source) => source.close()));
  rmSync(folder, { recursive: true });
});

function inventory(id: string): string {
  return `instances:\n  - { id: ${id}, project: p, ports: [{ router: ${ROUTER}, addresses: [10.0.0.5] }] }\n`;
}

async function found(source: InventorySource): Promise<string | undefined> {
  return (await source.find(asker('10.0.0.5')))[0]?.instanceId;
}

/** A source, and the next thing it tells: that there is a new version, or a problem with one. */
async function open(options: Partial<InventorySourceOptions> = {}) {
  let told: (what: MetasteerError | undefined) => void = () => {};
  const next = () =>
    new Promise<MetasteerError | undefined>((resolve) => {
      told = resolve;
    });
  const source = await InventorySource.open({
    file,
    onChange: () => told(undefined),
    onProblem: (problem) => told(problem),
    // Far away, so that it is the watch that tells, unless a test says otherwise.
    rescanMs: 3_600_000,
    ...options,
  });
  opened.push(source);
  return { source, next };
}

/** Lets a test wait as long as the runner allows: the source's own timers keep no process alive. */
async function awake<T>(promise: Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, 1000);
  return promise.finally(() => clearInterval(hold));
}

describe('a file that is there', () => {
  beforeEach(() => writeFileSync(file, inventory(INSTANCE)));

  const changes: readonly [how: string, change: () => void][] = [
    ['written in place', () => writeFileSync(file, inventory(uuid(301)))],
    [
      'replaced by another, as editors do',
      () => {
        writeFileSync(`${file}~`, inventory(uuid(301)));
        renameSync(`${file}~`, file);
      },
    ],
    [
      'removed and made anew',
      () => {
        unlinkSync(file);
        writeFileSync(file, inventory(uuid(301)));
      },
    ],
  ];
  for (const [how, change] of changes) {
    test(`is read again when ${how}`, async () => {
      const { source, next } = await open();
      assert.equal(await found(source), INSTANCE);
      const told = next();
      change();
      assert.equal(await awake(told), undefined);
      assert.equal(await found(source), uuid(301));
      assert.equal(source.inventory.instances[0]?.id, uuid(301));
    });
  }

  test('is read again when it was replaced while it was opened', async () => {
    let told = () => {};
    const changed = new Promise<void>((resolve) => {
      told = resolve;
    });
    const opening = InventorySource.open({ file, onChange: told, rescanMs: 3_600_000 });
    writeFileSync(`${file}~`, inventory(uuid(301)));
    renameSync(`${file}~`, file);
    const source = await opening;
    opened.push(source);
    if ((await found(source)) !== uuid(301)) await awake(changed);
    assert.equal(await found(source), uuid(301));
  });

  test('that becomes wrong is told with place and key, and the last good one stays', async () => {
    const { source, next } = await open();
    let told = next();
    writeFileSync(file, `${inventory(uuid(301))}oops: 1\n`);
    const problem = await awake(told);
    assert.equal(problem?.code, 'inventory-invalid');
    assert.match(problem?.message ?? '', new RegExp(`^${file}:3:1: oops: unknown key`));
    assert.equal(source.problem, problem);
    assert.equal(await found(source), INSTANCE);

    told = next();
    writeFileSync(file, inventory(uuid(302)));
    assert.equal(await awake(told), undefined);
    assert.equal(source.problem, undefined);
    assert.equal(await found(source), uuid(302));
  });

  test('that goes away is told, and the last good one stays', async () => {
    const { source, next } = await open();
    const told = next();
    unlinkSync(file);
    const problem = await awake(told);
    assert.equal(problem?.code, 'inventory-unreadable');
    assert.match(problem?.message ?? '', /ENOENT/);
    assert.equal(await found(source), INSTANCE);
  });

  test('that becomes too large is told without reading it', async () => {
    const { next } = await open();
    const told = next();
    truncateSync(file, 16 * 1024 * 1024 + 1);
    assert.match((await awake(told))?.message ?? '', /16777217 bytes, of at most 16777216/);
  });

  test('whose folder is exchanged under a link is found at the next look', async () => {
    const [one, two, link] = [join(folder, 'one'), join(folder, 'two'), join(folder, 'current')];
    for (const [path, id] of [
      [one, INSTANCE],
      [two, uuid(301)],
    ] as const) {
      mkdirSync(path);
      writeFileSync(join(path, 'inventory.yaml'), inventory(id));
    }
    symlinkSync(one, link);
    const { source, next } = await open({ file: join(link, 'inventory.yaml'), rescanMs: 20 });
    const told = next();
    symlinkSync(two, `${link}~`);
    renameSync(`${link}~`, link);
    assert.equal(await awake(told), undefined);
    assert.equal(await found(source), uuid(301));
  });
});

describe('a file that cannot be used at the start is an error:', () => {
  const cases: readonly [what: string, make: () => void, expected: object][] = [
    ['none', () => {}, { code: 'inventory-unreadable', message: /ENOENT/ }],
    ['a folder', () => mkdirSync(file), { code: 'inventory-unreadable', message: /not a regular file|EISDIR/ }],
    [
      'a wrong one',
      () => writeFileSync(file, 'instances: 7'),
      { code: 'inventory-invalid', message: /:1:12: instances: / },
    ],
    [
      'one that is not UTF-8',
      () => writeFileSync(file, Buffer.of(0xff, 0xfe)),
      { code: 'inventory-invalid', message: /not UTF-8/ },
    ],
  ];
  for (const [what, make, expected] of cases) {
    test(what, async () => {
      make();
      await assert.rejects(InventorySource.open({ file }), expected);
    });
  }
});
