import { parseMetaData, type Report, type TenantReport, totalHits } from './report.ts';

export interface Check {
  /** What should be, in words. */
  readonly claim: string;
  readonly holds: boolean;
  /** What was seen. */
  readonly seen: string;
}

/** Judges everything the demo claims to show. Every claim is checked, also after one that does not hold. */
export function judge(report: Report): readonly Check[] {
  return [...report.tenants.flatMap(judgeTenant), ...judgeTogether(report)];
}

function judgeTenant(tenant: TenantReport): readonly Check[] {
  const { before, after, port } = tenant;
  const who = tenant.expected.name;
  const asked = after.answers.length;
  const refused = before.answers.filter(({ status }) => status === 0).length;
  const hitsSince = totalHits(after.netfilter) - totalHits(before.netfilter);
  const counters: Readonly<Record<string, number>> = port?.counters ?? {};
  const { steer_syn: fresh = 0, steer_syn_moved: moved = 0, restore_reply: replies = 0 } = counters;
  const opened = fresh + moved;
  const lost = Object.entries(counters).filter(
    ([verdict, packets]) => packets > 0 && (verdict.startsWith('drop_') || /^restore_(?!reply$)/.test(verdict)),
  );
  return [
    check(`${who}: nothing answers before metasteer starts`, refused === before.answers.length, `${refused} refused`),
    check(
      `${who}: until then every request hits the REDIRECT rule, so the rule works`,
      totalHits(before.netfilter) === before.answers.length,
      `${totalHits(before.netfilter)} hits of ${before.answers.length} requests`,
    ),
    ...after.answers.map((answer) => judgeAnswer(tenant, answer)),
    check(`${who}: its port is steering`, port?.state === 'steering', port?.state ?? 'no port'),
    check(`${who}: at least ${asked} connections were steered`, opened >= asked, `${opened}`),
    check(`${who}: replies went out through the port device`, replies >= asked, `${replies} packets`),
    check(`${who}: the worker answered exactly ${asked} requests`, port?.requests === asked, `${port?.requests}`),
    check(
      `${who}: no packet was dropped`,
      lost.length === 0,
      lost.map(([name, count]) => `${name} ${count}`).join(', '),
    ),
    check(
      `${who}: its router tracks no connection`,
      after.netfilter.conntrackEntries === 0,
      `${after.netfilter.conntrackEntries} conntrack entries`,
    ),
    check(`${who}: the REDIRECT rule is not hit any more`, hitsSince === 0, `${hitsSince} hits`),
  ];
}

function judgeAnswer({ expected }: TenantReport, answer: TenantReport['after']['answers'][number]): Check {
  const claim = `${expected.name}: ${answer.url} says who it is`;
  if (answer.status !== 200) return check(claim, false, answer.error || `status ${answer.status}`);
  if (answer.url.endsWith('/instance-id'))
    return check(claim, answer.body === expected.ec2Id, answer.body.slice(0, 80));
  const said = parseMetaData(answer.body);
  const right = said?.uuid === expected.uuid && said.name === expected.name && said.project_id === expected.projectId;
  return check(claim, right, said === undefined ? 'not a meta_data.json' : `${said.name} ${said.uuid}`);
}

function judgeTogether({ tenants, supervisor, workers, namespace }: Report): readonly Check[] {
  const addresses = new Set(tenants.map(({ instance }) => instance.address));
  const answered = new Set(
    tenants.flatMap(({ after }) => after.answers.flatMap(({ body }) => parseMetaData(body)?.uuid ?? [])),
  );
  return [
    check('the tenants use the same address', addresses.size === 1, [...addresses].join(', ')),
    check('and get different answers', answered.size === tenants.length, `${answered.size} different instances`),
    check('there is a worker', workers.length > 0, `${workers.length}`),
    ...workers.flatMap((worker) => [
      check(`worker ${worker.pid} is not root`, worker.uid !== 0, `user ${worker.user}`),
      check(`worker ${worker.pid} has no capabilities`, /^0+$/.test(worker.capabilities), worker.capabilities),
      check(`worker ${worker.pid} can gain no privileges`, worker.noNewPrivileges, 'no_new_privs is not set'),
      check(
        `worker ${worker.pid} lives in ${namespace}`,
        worker.namespace === namespace,
        worker.namespace || 'elsewhere',
      ),
      check(`worker ${worker.pid} is not the supervisor`, worker.pid !== supervisor.pid, 'the same process'),
    ]),
  ];
}

function check(claim: string, holds: boolean, seen: string): Check {
  return { claim, holds, seen };
}
