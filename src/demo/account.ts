import type { Check } from './checks.ts';
import type { Family } from './neutron-rules.ts';
import { metadataUrl, type ProcessFacts } from './probe.ts';
import { parseMetaData, type Report, type TenantReport, totalHits } from './report.ts';

/** Widths in characters: of labels and of the cells beside them. */
const HOP_WIDTH = 35;
const ANSWERS = [17, 36] as const;
const COUNTS = [35, 12] as const;

/** Escape sequences for a terminal, or nothing. */
export interface Paint {
  readonly heading: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly quiet: (text: string) => string;
}

/** Colours go to terminals only, and never to who set NO_COLOR (no-color.org). */
export function paintFor(stream: { readonly isTTY?: boolean }, { NO_COLOR }: NodeJS.ProcessEnv): Paint {
  const coloured = stream.isTTY === true && (NO_COLOR ?? '') === '';
  const paint = (code: number) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { heading: paint(1), good: paint(32), bad: paint(31), quiet: paint(2) };
}

/** What happened, for somebody who sees this for the first time. */
export function account(report: Report, checks: readonly Check[], paint: Paint): string {
  return `${[
    ...built(report, paint),
    ...hops(report, paint),
    ...answers(report, paint),
    ...counts(report, paint),
    ...processes(report, paint),
    ...verdict(checks, paint),
  ].join('\n')}\n`;
}

function built({ tenants }: Report, paint: Paint): readonly string[] {
  return [
    paint.heading('What was built'),
    ...tenants.map(
      ({ expected, instance, router }) =>
        `  ${expected.name.padEnd(12)} ${instance.address}  behind  ${router.namespace}  (${router.interface})`,
    ),
    '  Two tenants who chose the same addresses. Their routers have the iptables rules that Neutron installs, but no',
    '  haproxy runs: before metasteer was started, those rules sent every request to a port where nobody listens.',
    '',
  ];
}

function hops({ tenants, workers, agent, namespace, novaUrl }: Report, paint: Paint): readonly string[] {
  const [tenant] = tenants;
  const [worker] = workers;
  if (tenant === undefined || worker === undefined) return [];
  const hop = (who: string, what: string) => `  ${who.padEnd(HOP_WIDTH)} ${what}`;
  const arrow = (how: string) => paint.quiet(`    | ${how}`);
  const where = tenant.port === undefined ? '' : ` (${tenant.port.attachment})`;
  return [
    paint.heading(`The way of a request from ${tenant.expected.name}`),
    hop(`curl in ${tenant.instance.namespace}`, `GET ${metadataUrl('IPv4', 'openstack/latest/meta_data.json')}`),
    arrow('eth0, an ordinary packet to the router'),
    hop(
      `router interface ${tenant.router.interface}`,
      `BPF at tc ingress${where}: a new destination MAC, nothing else`,
    ),
    arrow('before iptables and conntrack see it'),
    hop(`port device ${tenant.port?.device ?? '?'}`, `in ${namespace}: the socket bound to it is the tenant`),
    arrow('accepted by a process without privileges'),
    hop(`worker, pid ${worker.pid}, user ${worker.user}`, 'adds the router and the client to the request'),
    arrow(`UNIX socket ${agent.socket}`),
    hop('metasteer agent', 'finds the instance, signs its id'),
    arrow(novaUrl),
    hop('metasteer demo-nova, as nova does', 'checks the signature, answers'),
    '',
  ];
}

function answers({ tenants }: Report, paint: Paint): readonly string[] {
  const families = [...new Set(tenants.flatMap(({ after }) => after.answers.map(({ family }) => family)))];
  const line = (label: string, cell: (tenant: TenantReport) => string) => row(label, tenants, cell, ANSWERS);
  return [
    paint.heading('The answers'),
    line('to the instance', ({ expected }) => expected.name),
    ...families.flatMap((family) => [
      line(`${family} name`, (tenant) => saidTo(tenant, family)?.name ?? '-'),
      line('     uuid', (tenant) => saidTo(tenant, family)?.uuid ?? '-'),
      line('     instance-id', (tenant) => instanceIdSaidTo(tenant, family)),
    ]),
    '',
  ];
}

function counts({ tenants }: Report, paint: Paint): readonly string[] {
  const counter = (name: string) => (tenant: TenantReport) => tenant.port?.counters[name] ?? 0;
  const hits = ({ before, after }: TenantReport) => totalHits(after.netfilter) - totalHits(before.netfilter);
  const line = (label: string, cell: (tenant: TenantReport) => string | number) => row(label, tenants, cell, COUNTS);
  return [
    paint.heading('The counts'),
    line('', ({ expected }) => expected.name),
    line('connections steered', counter('steer_syn')),
    line('packets steered after those', counter('steer_data')),
    line('reply packets', counter('restore_reply')),
    line('requests answered', ({ port }) => port?.requests ?? 0),
    line('conntrack entries in the router', ({ after }) => after.netfilter.conntrackEntries),
    line('iptables REDIRECT hits, before', ({ before }) => totalHits(before.netfilter)),
    line('                        since then', hits),
    '',
  ];
}

function processes({ supervisor, workers }: Report, paint: Paint): readonly string[] {
  const line = (role: string, facts: ProcessFacts) => {
    const powers = /^0+$/.test(facts.capabilities) ? 'no capabilities' : 'privileged';
    const memory = `${(facts.memoryBytes / 1024 / 1024).toFixed(0)} MiB`;
    return `  ${role.padEnd(10)}  pid ${String(facts.pid).padEnd(8)}  user ${facts.user.padEnd(10)}  ${powers.padEnd(15)}  ${memory}`;
  };
  return [
    paint.heading('The processes, for any number of routers'),
    line('supervisor', supervisor),
    ...workers.map((worker) => line('worker', worker)),
    '',
  ];
}

function verdict(checks: readonly Check[], paint: Paint): readonly string[] {
  const failed = checks.filter(({ holds }) => !holds);
  if (failed.length === 0) return [paint.good(`All ${checks.length} checks hold.`)];
  return [
    paint.bad(`${failed.length} of ${checks.length} checks do not hold:`),
    ...failed.map(({ claim, seen }) => `  - ${claim}; seen: ${seen || 'nothing'}`),
  ];
}

function row(
  label: string,
  tenants: readonly TenantReport[],
  cell: (tenant: TenantReport) => string | number,
  [labelWidth, cellWidth]: readonly [number, number],
): string {
  const cells = tenants.map((tenant) => String(cell(tenant)).padEnd(cellWidth));
  return `  ${label.padEnd(labelWidth)} ${cells.join(' ')}`.trimEnd();
}

function saidTo({ after }: TenantReport, family: Family) {
  const answer = after.answers.find(({ family: of, url }) => of === family && url.endsWith('meta_data.json'));
  return answer === undefined ? undefined : parseMetaData(answer.body);
}

function instanceIdSaidTo({ after }: TenantReport, family: Family): string {
  const answer = after.answers.find(({ family: of, url }) => of === family && url.endsWith('instance-id'));
  return answer?.status === 200 ? answer.body.slice(0, 36) : '-';
}
