import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addUpBpf } from '../../bench/bpf-memory.ts';
import { kernelGrowth, parseKilobytes, parseMeminfo, parseRollup, processMemory } from '../../bench/memory.ts';
import { parseStat, processStat } from '../../bench/processes.ts';

const ROLLUP = `55d8d7a00000-7ffe5a5f2000 ---p 00000000 00:00 0                          [rollup]
Rss:                1692 kB
Pss:                 294 kB
Pss_Dirty:           116 kB
Shared_Clean:       1532 kB
Shared_Dirty:          0 kB
Private_Clean:        44 kB
Private_Dirty:       116 kB
Locked:                0 kB
`;

const MEMINFO = `MemTotal:       24684084 kB
Active(anon):       1560 kB
Slab:             258388 kB
SReclaimable:     218080 kB
SUnreclaim:        40308 kB
KernelStack:        2228 kB
PageTables:         6728 kB
VmallocTotal:   34359738367 kB
VmallocUsed:       18296 kB
Percpu:             2096 kB
HugePages_Total:       0
`;

test('smaps_rollup: proportional, private and resident memory, in bytes', () => {
  assert.deepEqual(parseRollup(ROLLUP), { pss: 294 * 1024, uss: 160 * 1024, rss: 1692 * 1024 });
});

test('smaps_rollup of a process without memory, as a kernel thread has none, is an error', () => {
  assert.throws(() => parseRollup(''), /smaps_rollup has no Pss/);
});

test('meminfo: the total leaves out the cache in slab, and stacks, which are in vmalloc already', () => {
  const memory = parseMeminfo(MEMINFO);
  assert.equal(memory.total, (40308 + 2096 + 6728 + 18296) * 1024);
  assert.equal(memory.slab, 258388 * 1024);
  assert.equal(memory.kernelStack, 2228 * 1024);
});

test('meminfo without a figure that is needed is an error that names it', () => {
  assert.throws(() => parseMeminfo(MEMINFO.replace(/^Percpu.*\n/m, '')), /meminfo has no Percpu/);
});

test('names with brackets are read, numbers without a unit are not', () => {
  const values = parseKilobytes(MEMINFO);
  assert.equal(values.get('Active(anon)'), 1560 * 1024);
  assert.equal(values.has('HugePages_Total'), false);
});

test('growth is later minus earlier in every figure, and may be negative', () => {
  const earlier = parseMeminfo(MEMINFO);
  const later = parseMeminfo(MEMINFO.replace('40308', '40300').replace('2096', '2100'));
  const growth = kernelGrowth(earlier, later);
  assert.equal(growth.slabUnreclaimable, -8 * 1024);
  assert.equal(growth.percpu, 4 * 1024);
  assert.equal(growth.total, -4 * 1024);
  assert.equal(growth.pageTables, 0);
});

test('memory of several processes is added up', () => {
  const once = processMemory([process.pid]);
  const twice = processMemory([process.pid, process.pid]);
  assert.ok(once.uss > 0 && once.pss >= once.uss && once.rss >= once.pss);
  assert.ok(twice.pss > once.pss);
});

test('stat: a name with brackets and spaces in it shifts nothing', () => {
  const fields = [
    'S',
    '7',
    ...Array.from({ length: 9 }, () => '0'),
    '150',
    '25',
    '0',
    '0',
    '20',
    '0',
    '3',
    '0',
    '4711',
  ];
  const stat = parseStat(`42 (a) b (c) ${fields.join(' ')} 1 2 3\n`);
  assert.deepEqual(stat, { state: 'S', parent: 7, userMs: 1500, systemMs: 250, startTime: '4711' });
});

test('stat: a process that is there has a parent, one that is not has nothing', () => {
  assert.equal(processStat(process.pid)?.parent, process.ppid);
  assert.equal(processStat(2 ** 30), undefined);
});

test('BPF memory is that of the maps held, of programs that use one of them, and of those programs’ other maps', () => {
  const maps = [
    { id: 1, name: 'counters', bytes_memlock: 100 },
    { id: 2, name: 'constants', bytes_memlock: 10 },
    { id: 3, name: 'counters', bytes_memlock: 1000 },
  ];
  const programs = [
    { id: 7, name: 'ms_steer', bytes_memlock: 4096, bytes_jited: 500, map_ids: [1, 2] },
    { id: 8, name: 'ms_steer', bytes_memlock: 4096, bytes_jited: 500, map_ids: [3] },
    { id: 9, name: 'other' },
  ];
  const expected = { maps: 2, mapBytes: 110, programs: 1, programBytes: 4096, machineCodeBytes: 500 };
  assert.deepEqual(addUpBpf(new Set([1]), maps, programs), expected);
});

test('without maps there is no BPF memory', () => {
  const nothing = { maps: 0, mapBytes: 0, programs: 0, programBytes: 0, machineCodeBytes: 0 };
  assert.deepEqual(addUpBpf(new Set(), [{ id: 1, bytes_memlock: 1 }], [{ id: 2, map_ids: [1] }]), nothing);
});
