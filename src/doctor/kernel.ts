import type { Config } from '../config/config.ts';
import { SANDBOX_OFF } from '../control/worker-slot.ts';
import { ERRORS } from '../errors.ts';
import { type Finding, failure, ok, warning } from './finding.ts';
import type { Feature, Probed, Surroundings } from './surroundings.ts';

const AREA = 'kernel';
const OLDEST = [5, 10] as const;
const ARCHITECTURES: readonly string[] = ['x64', 'arm64'];

/** Which kernel this is, and what it can do. */
export async function kernelFindings(config: Config, around: Surroundings): Promise<readonly Finding[]> {
  return [...versionFindings(around), ...(await featureFindings(config, around)), btfFinding(around)];
}

function versionFindings({ kernelRelease, architecture }: Surroundings): readonly Finding[] {
  const [major = 0, minor = 0] = kernelRelease.split('.').map(Number.parseFloat);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  return [
    isOld
      ? failure(AREA, `Linux ${kernelRelease} is older than ${OLDEST.join('.')}`, 'Use a newer kernel.')
      : ok(AREA, `Linux ${kernelRelease}`),
    ...(ARCHITECTURES.includes(architecture)
      ? []
      : [failure(AREA, `the processor is ${architecture}`, 'Use x86-64 or arm64; others are not built or tested.')]),
  ];
}

async function featureFindings(config: Config, around: Surroundings): Promise<readonly Finding[]> {
  if (around.uid !== 0)
    return [failure(AREA, 'what the kernel can do was not tried: that needs root', 'Run the doctor as root.')];
  const probed = await around.probe(config);
  // Without maps nothing else can be tried.
  if (probed.bpf !== undefined)
    return [
      failure(
        AREA,
        `bpf(): ${probed.bpf}`,
        'Use a kernel with CONFIG_BPF_SYSCALL, and allow bpf() in this container and in its seccomp profile.',
      ),
    ];
  return [
    ok(AREA, 'bpf() makes maps'),
    need(probed, 'programs', 'the programs pass the verifier', 'Report it with the kernel version.'),
    need(probed, 'macvlan', 'macvlan devices can be made', 'Load the module macvlan.'),
    sandboxFinding(probed, config, around),
    ...attachFindings(probed, config),
    xdpFinding(probed, config),
  ];
}

function need(probed: Probed, feature: Feature, good: string, action: string): Finding {
  const problem = probed[feature];
  return problem === undefined ? ok(AREA, good) : failure(AREA, `${feature}: ${problem}`, action);
}

/** A worker was started, and gave up what it does not need. */
function sandboxFinding({ sandbox }: Probed, { worker }: Config, { readText }: Surroundings): Finding {
  if (!worker.sandbox) return warning(AREA, SANDBOX_OFF, 'Take `worker.sandbox` out of the configuration.');
  if (sandbox !== undefined) return failure(AREA, sandbox, ERRORS['worker-sandbox-refused']);
  const hasLandlock = readText('/sys/kernel/security/lsm')?.split(',').includes('landlock') === true;
  return ok(AREA, `workers can be shut in${hasLandlock ? ', with Landlock' : ''}`);
}

/** One way of attaching is enough, unless the configuration wants a certain one; `hold` lasts only as a filter. */
function attachFindings({ tcx, clsact }: Probed, { steering }: Config): readonly Finding[] {
  const wants = steering.onExit === 'hold' ? 'clsact' : steering.attach;
  const setting = 'Set `steering.attach: auto`, or to the other way.';
  const modules = 'Load the modules sch_ingress and cls_bpf.';
  return [
    tcx === undefined
      ? ok(AREA, 'programs attach as tcx links')
      : wants === 'tcx'
        ? failure(AREA, `tcx links, which \`steering.attach\` wants: ${tcx}`, setting)
        : ok(AREA, 'no tcx links (Linux 6.6 and newer have them): programs attach as filters'),
    clsact === undefined
      ? ok(AREA, 'programs attach as filters of clsact')
      : wants === 'clsact' || tcx !== undefined
        ? failure(AREA, `filters of clsact: ${clsact}`, modules)
        : warning(AREA, `filters of clsact: ${clsact}; port devices need them`, modules),
  ];
}

function xdpFinding(probed: Probed, { guard }: Config): Finding {
  const generic = probed['xdp-generic'];
  if (generic === undefined) {
    const native = probed['xdp-native'] === undefined ? 'native on veth too' : 'not native on veth';
    return ok(AREA, `XDP runs on finished buffers, ${native} (\`guard.xdp\` is ${guard.xdp})`);
  }
  const message = `XDP: ${generic}`;
  return guard.xdp === 'off'
    ? ok(AREA, `${message}; \`guard.xdp\` is off, so it is not needed`)
    : warning(AREA, message, 'Set `guard.xdp: off`: floods are then dropped by the other programs alone.');
}

function btfFinding({ readText, list }: Surroundings): Finding {
  const hasBtf = list('/sys/kernel/btf').includes('vmlinux');
  const hasJit = readText('/proc/sys/net/core/bpf_jit_enable')?.trim();
  if (hasJit === '0')
    return warning(AREA, 'BPF programs are interpreted', 'Set the sysctl net.core.bpf_jit_enable to 1.');
  return ok(AREA, `BTF of the kernel is ${hasBtf ? 'there' : 'not there'}; it is not needed`);
}
