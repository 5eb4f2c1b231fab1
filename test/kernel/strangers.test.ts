// Needs root: a network namespace and BPF, of a kernel with tcx. What others have on an interface is counted, however much it is.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runCommand } from '../../src/demo/command.ts';
import { Namespace } from '../../src/demo/namespace.ts';
import { lookForStrangers } from '../../src/kernel/attachment.ts';
import { call, callAsync, cString, readS32, room } from '../../src/kernel/ffi.ts';
import { isKernelError } from '../../src/kernel/kernel-error.ts';
import { ATTACH_MODE, HOOK, readAttachment } from '../../src/kernel/layout.gen.ts';
import { needsRoot } from '../kit/node.ts';

/** As many as the kernel chains on one hook. */
const CHAINED_MAX = 63;
const CLASSIFIER = 3;
/** `return -1`, in a template as native/program.c has them. */
const UNTOUCHED = [0xb7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x95, 0, 0, 0, 0, 0, 0, 0];

const namespace = new Namespace(`ms-strangers-${process.pid}`);
const open: number[] = [];

before(() => (needsRoot.skip ? undefined : runCommand('ip', ['netns', 'add', namespace.name])));
after(async () => {
  for (const fd of open) call('ms_close', fd);
  if (!needsRoot.skip) await runCommand('ip', ['netns', 'del', namespace.name]);
});

async function loadTheirs(): Promise<number> {
  const template = Buffer.alloc(28 + UNTOUCHED.length);
  template.write('theirs', 'latin1');
  template.writeUInt32LE(CLASSIFIER, 16);
  template.writeUInt32LE(2, 24);
  template.set(UNTOUCHED, 28);
  const [fd, log] = [room('s32'), room('u8', 4096)];
  await callAsync('ms_program_load', template, template.length, room('u8'), 0, room('ms_maps'), fd, log, log.length);
  open.push(readS32(fd));
  return readS32(fd);
}

test('all that the kernel chains on both hooks of an interface are counted', needsRoot, async (t) => {
  const { index } = await namespace.link('lo');
  for (const hook of [HOOK.MS_HOOK_INGRESS, HOOK.MS_HOOK_EGRESS]) {
    for (let count = 0; count < CHAINED_MAX; count++) {
      const state = room('ms_attachment');
      const program = await loadTheirs();
      try {
        await callAsync('ms_attach', cString(namespace.path), index, hook, program, ATTACH_MODE.MS_ATTACH_TCX, state);
      } catch (error) {
        if (isKernelError(error, 'EOPNOTSUPP')) return t.skip('the kernel has no tcx');
        throw error;
      }
      open.push(readAttachment(state).linkFd);
    }
  }
  assert.deepEqual(await lookForStrangers(namespace.path, index), { filters: 0, tcx: 2 * CHAINED_MAX, xdp: 0 });
});
