import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../src/demo/checks.ts';
import type { ProcessFacts } from '../../src/demo/probe.ts';
import type { Report, TenantReport } from '../../src/demo/report.ts';
import { sampleReport } from './sample-report.ts';

test('everything holds for a demo in which all is well', () => {
  const checks = judge(sampleReport());
  assert.deepEqual(
    checks.filter(({ holds }) => !holds),
    [],
  );
  assert.ok(checks.length > 20);
});

/** Changes the first tenant. */
function tenant(change: (tenant: TenantReport) => Partial<TenantReport>): Report {
  const report = sampleReport();
  return {
    ...report,
    tenants: report.tenants.map((each, index) => (index === 0 ? { ...each, ...change(each) } : each)),
  };
}

function port(change: Partial<NonNullable<TenantReport['port']>>): Report {
  return tenant(({ port }) => (port === undefined ? {} : { port: { ...port, ...change } }));
}

function counter(name: string, packets: number): Report {
  const counters = sampleReport().tenants[0]?.port?.counters;
  return port({ counters: { ...counters, [name]: packets } });
}

function answer(number: number, change: Partial<TenantReport['after']['answers'][number]>): Report {
  return tenant(({ after }) => ({
    after: {
      ...after,
      answers: after.answers.map((each, index) => (index === number ? { ...each, ...change } : each)),
    },
  }));
}

function worker(change: Partial<ProcessFacts>): Report {
  const report = sampleReport();
  return { ...report, workers: report.workers.map((each) => ({ ...each, ...change })) };
}

const other = sampleReport().tenants[1];
const faults: readonly (readonly [string, Report, RegExp])[] = [
  [
    'an IPv4 answer of the other tenant',
    answer(0, { body: other?.after.answers[0]?.body ?? '' }),
    /169\.254\.169\.254.*meta_data/,
  ],
  ['an IPv6 answer of the other tenant', answer(2, { body: other?.after.answers[2]?.body ?? '' }), /fe80.*meta_data/],
  ['the instance-id of the other tenant', answer(3, { body: 'i-00000002' }), /fe80.*instance-id/],
  ['an answer that is no JSON', answer(0, { body: '<html>' }), /meta_data/],
  ['an error status', answer(1, { status: 503 }), /instance-id/],
  ['no answer', answer(1, { status: 0, error: 'timeout' }), /instance-id/],
  [
    'a conntrack entry',
    tenant(({ after }) => ({ after: { ...after, netfilter: { ...after.netfilter, conntrackEntries: 1 } } })),
    /tracks no connection/,
  ],
  [
    'a hit of the REDIRECT rule',
    tenant(({ after }) => ({
      after: { ...after, netfilter: { ...after.netfilter, redirectHits: { IPv4: 2, IPv6: 3 } } },
    })),
    /not hit any more/,
  ],
  [
    'a REDIRECT rule that never worked',
    tenant(({ before, after }) => ({
      before: { ...before, netfilter: { conntrackEntries: 0, redirectHits: { IPv4: 0 } } },
      after: { ...after, netfilter: { conntrackEntries: 0, redirectHits: { IPv4: 0 } } },
    })),
    /so the rule works/,
  ],
  [
    'an answer before metasteer runs',
    tenant(({ after, before }) => ({ before: { ...before, answers: after.answers } })),
    /nothing answers before/,
  ],
  ['a port that failed', port({ state: 'failed' }), /is steering/],
  ['too few connections steered', counter('steer_syn', 3), /connections were steered/],
  ['no replies', counter('restore_reply', 0), /replies went out/],
  ['requests nobody sent', port({ requests: 5 }), /exactly 4 requests/],
  ['a dropped packet', counter('drop_neighbour_quota', 1), /no packet was dropped/],
  ['a reply without a neighbour', counter('restore_no_neighbour', 1), /no packet was dropped/],
  ['a worker that is root', worker({ uid: 0, user: 'root' }), /is not root/],
  ['a worker with a capability', worker({ capabilities: '0000000000001000' }), /no capabilities/],
  ['a worker that can gain privileges', worker({ noNewPrivileges: false }), /gain no privileges/],
  ['a worker in the root namespace', worker({ namespace: '' }), /lives in/],
  ['no worker', { ...sampleReport(), workers: [] }, /there is a worker/],
];

for (const [what, report, claim] of faults) {
  test(`${what} is found`, () => {
    const failed = judge(report).filter(({ holds }) => !holds);
    assert.ok(failed.length > 0);
    assert.ok(
      failed.some((check) => claim.test(check.claim)),
      failed.map((check) => check.claim).join('; '),
    );
  });
}
