import { metadataUrl, type ProcessFacts } from '../../src/demo/probe.ts';
import type { Report, TenantReport } from '../../src/demo/report.ts';

const FAMILIES = ['IPv4', 'IPv6'] as const;

/** What the demo sees when all is well. */
export function sampleReport(): Report {
  return {
    tenants: [tenantReport('blue', '1'), tenantReport('green', '2')],
    namespace: 'metasteer-demo-1000',
    supervisor: processFacts({ pid: 2000 }),
    workers: [
      processFacts({
        pid: 2001,
        uid: 65534,
        user: 'nobody',
        capabilities: '0000000000000000',
        noNewPrivileges: true,
        namespace: 'metasteer-demo-1000',
      }),
    ],
    agent: {
      socket: '/run/metasteer-demo-1000/agent.sock',
      state: 'answering',
      generation: 'keep-alive',
      exchanges_open: 0,
      queued: 0,
      last_error: null,
    },
    novaUrl: 'http://127.0.0.1:40000',
  };
}

function tenantReport(tenant: string, digit: string): TenantReport {
  const uuid = `${digit.repeat(8)}-0000-4000-8000-000000000000`;
  const owner = `${digit.repeat(8)}-ffff-4fff-8fff-ffffffffffff`;
  const expected = { uuid, name: `${tenant}-web`, projectId: digit.repeat(32), ec2Id: `i-0000000${digit}` };
  const router = {
    namespace: `qrouter-${owner}`,
    interface: `qr-${digit.repeat(8)}-ff`,
    mac: `02:00:00:00:00:0${digit}`,
  };
  const metaData = JSON.stringify({ uuid, name: expected.name, project_id: expected.projectId });
  const urls = FAMILIES.flatMap((family) => [
    { family, url: metadataUrl(family, 'openstack/latest/meta_data.json'), body: metaData },
    { family, url: metadataUrl(family, 'latest/meta-data/instance-id'), body: expected.ec2Id },
  ]);
  const netfilter = { conntrackEntries: 0, redirectHits: { IPv4: 2, IPv6: 2 } };
  return {
    tenant,
    expected,
    instance: { namespace: `ms1000-${tenant}-web`, address: '10.0.0.5', mac: `fa:16:3e:00:00:0${digit}` },
    router,
    before: { answers: urls.map((answer) => ({ ...answer, status: 0, body: '', error: 'refused' })), netfilter },
    after: { answers: urls.map((answer) => ({ ...answer, status: 200, error: '' })), netfilter },
    port: {
      port: Number(digit),
      owner,
      owner_kind: 'router',
      namespace: router.namespace,
      interface: router.interface,
      device: `msp${digit}`,
      state: 'steering',
      attachment: 'tcx',
      reason: null,
      connections: 0,
      requests: 4,
      refused: {},
      flows: 1,
      taking_over: false,
      shield: 'off',
      neighbours: 2,
      neighbours_evicted: 0,
      counters: { steer_syn: 4, steer_syn_moved: 0, steer_data: 16, restore_reply: 20, drop_device_mac: 0 },
    },
  };
}

function processFacts(facts: Partial<ProcessFacts>): ProcessFacts {
  return {
    pid: 1,
    uid: 0,
    user: 'root',
    capabilities: '000001ffffffffff',
    noNewPrivileges: false,
    namespace: '',
    memoryBytes: 48 * 1024 * 1024,
    ...facts,
  };
}
