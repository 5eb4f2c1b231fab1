import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { macAddressBytes } from '../identity/mac-address.ts';
import { parsePortId } from '../identity/port-id.ts';
import { type AttachMode, Attachment, type XdpMode } from '../kernel/attachment.ts';
import { lookAtNamespace } from '../kernel/links.ts';
import { SteeringMaps } from '../kernel/maps.ts';
import { createNamespace, removeNamespace } from '../kernel/namespace.ts';
import { PortDevice } from '../kernel/port-device.ts';
import type { SteeringProgram } from '../kernel/program.ts';
import { Programs } from '../kernel/programs.ts';
import type { Probed } from './surroundings.ts';
import { tryWorker } from './try-worker.ts';

const SIZES = { portsMax: 1, neighboursMax: 16, flowsMax: 16 };
const PEER = 'msprobe0';
const run = promisify(execFile);

/** Tries each feature on a pair of veths in a namespace that is made for it, and removed again. Nothing else is touched. */
export async function probeKernel(config: Config): Promise<Probed> {
  const undo: (() => unknown)[] = [];
  try {
    return await probe(config, undo);
  } finally {
    for (const action of undo.reverse()) await action();
  }
}

async function probe(config: Config, undo: (() => unknown)[]): Promise<Probed> {
  let maps: SteeringMaps;
  try {
    maps = await SteeringMaps.create(SIZES);
  } catch (error) {
    return everything(messageOf(error));
  }
  undo.push(() => maps.close());
  let programs: Programs;
  try {
    programs = await Programs.prepare(maps);
  } catch (error) {
    return { ...everything('no program can be loaded'), bpf: undefined, programs: messageOf(error) };
  }
  undo.push(() => programs.close());
  const name = `metasteer-doctor-${process.pid}`;
  const netns = join(config.netnsDir, name);
  await createNamespace(netns);
  undo.push(() => removeNamespace(netns));
  await run('ip', ['-n', name, 'link', 'add', PEER, 'type', 'veth', 'peer', 'name', 'msprobe1']);
  const { links } = await lookAtNamespace(netns);
  const link = links.find((each) => each.name === PEER);
  if (link === undefined) throw new Error(`${PEER} is not there`);
  const mac = macAddressBytes(link.mac);
  const constants = { portId: parsePortId(0), routerMac: mac, deviceMac: mac, hold: 0 };
  const match = await programs.loadMatch(constants);
  const guard = await programs.loadGuard(constants);
  undo.push(
    () => match.close(),
    () => guard.close(),
  );
  const where = { netns, ifindex: link.ifindex };
  return {
    bpf: undefined,
    programs: undefined,
    tcx: await attaching(match, { ...where, hook: 'ingress' }, 'tcx'),
    clsact: await attaching(match, { ...where, hook: 'ingress' }, 'clsact'),
    'xdp-generic': await attaching(guard, { ...where, hook: 'xdp' }, 'generic'),
    'xdp-native': await attaching(guard, { ...where, hook: 'xdp' }, 'native'),
    sandbox: config.worker.sandbox ? await problemOf(() => tryWorker(config, netns)) : undefined,
    macvlan: await problemOf(async () => (await PortDevice.create(where, netns, 'msprobe2')).remove()),
  };
}

function attaching(
  program: SteeringProgram,
  where: Parameters<typeof Attachment.attach>[1],
  mode: AttachMode | XdpMode,
): Promise<string | undefined> {
  return problemOf(async () => (await Attachment.attach(program, where, mode)).detach());
}

async function problemOf(action: () => Promise<void>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function everything(problem: string): Probed {
  return {
    bpf: problem,
    programs: problem,
    clsact: problem,
    tcx: problem,
    macvlan: problem,
    sandbox: problem,
    'xdp-generic': problem,
    'xdp-native': problem,
  };
}
