/** Who else handles the packets of the interfaces that are to be steered. */
import type { Config } from '../config/config.ts';
import { type Finding, failure, ok, warning } from './finding.ts';
import type { SelectedInterface, Surroundings } from './surroundings.ts';

const AREA = 'interfaces';
const SHOWN_MAX = 5;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

export async function conflictFindings(config: Config, around: Surroundings): Promise<readonly Finding[]> {
  const haproxies = haproxyOwners(around);
  if (around.uid !== 0) return [haproxyFinding(haproxies)];
  const { looked, count, broken } = await around.interfaces(config);
  const of = looked.length < count ? `; others were looked for on ${looked.length} of them` : '';
  const kinds = [...new Set(looked.map(({ kind }) => kind || 'hardware'))].sort();
  return [
    count === 0
      ? warning(
          AREA,
          'no interface is selected',
          'Look at `discovery` in the configuration, unless there are no routers here.',
        )
      : ok(AREA, `${count} selected, of kind ${kinds.join(', ')}${of}`),
    ...[...broken].map(([namespace, reason]) =>
      failure(
        AREA,
        `the namespace ${namespace} cannot be read: ${reason}`,
        'Remove it, or have Neutron make it again.',
      ),
    ),
    ...(config.guard.xdp === 'off' ? [] : xdpKinds(kinds)),
    ...strangers(looked),
    haproxyFinding(haproxies),
  ];
}

/** Where native XDP is refused, or costs bystanders more than it saves (design D2). */
function xdpKinds(kinds: readonly string[]): readonly Finding[] {
  const virtual = kinds.filter((kind) => kind !== 'hardware');
  if (virtual.length === 0) return [];
  return [ok(AREA, `on ${virtual.join(', ')} the XDP shield runs on finished buffers`)];
}

function strangers(looked: readonly SelectedInterface[]): readonly Finding[] {
  const has = (what: keyof SelectedInterface['strangers']) => looked.filter((each) => each.strangers[what] > 0);
  const found: Finding[] = [];
  const report = (list: readonly SelectedInterface[], what: string, action: string) => {
    if (list.length > 0) found.push(warning(AREA, `${what} of others on ${shown(list.map(nameOf))}`, action));
  };
  const order = 'They run before or after ours; see that they do not take or change packets for 169.254.169.254.';
  report(has('filters'), 'tc filters', order);
  report(has('tcx'), 'tcx programs', order);
  report(
    has('xdp'),
    'an XDP program',
    'The shield cannot be put there while it is: set `guard.xdp: off`, or remove it.',
  );
  return found.length > 0 || looked.length === 0 ? found : [ok(AREA, 'no programs of others on them')];
}

function haproxyOwners({ list, readText }: Surroundings): readonly string[] {
  const owners = list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => (readText(`/proc/${pid}/cmdline`) ?? '').split('\0'))
    .filter(([program = '']) => /(^|\/)haproxy$/.test(program))
    .map((argv) => UUID.exec(argv.join(' '))?.[0] ?? 'somebody else');
  return [...new Set(owners)];
}

/** That is as it may be: it answers when we do not. */
function haproxyFinding(owners: readonly string[]): Finding {
  if (owners.length === 0) return ok('haproxy', 'none runs: while the daemon is stopped nobody answers');
  return ok('haproxy', `${owners.length} run beside and answer while the daemon is stopped: ${shown(owners)}`);
}

function nameOf({ namespace, name }: SelectedInterface): string {
  return `${namespace}/${name}`;
}

function shown(names: readonly string[]): string {
  const rest = names.length - SHOWN_MAX;
  return names.slice(0, SHOWN_MAX).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
