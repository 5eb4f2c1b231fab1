import { setTimeout as sleep } from 'node:timers/promises';
import type { StatusDocument } from '../control/status-document.ts';
import type { Daemon } from './daemon.ts';
import { type Answer, askMetadata, type RouterReadings, readProcess, readRouter } from './probe.ts';
import type { Report } from './report.ts';
import type { Stage } from './stage.ts';

/** What one instance got, and what its router's netfilter had seen after that. */
export interface Observation {
  readonly answers: readonly Answer[];
  readonly netfilter: RouterReadings;
}

const SETTLE_MS = 3_000;

/** Asks from every instance, in the order of the tenants. */
export async function observe({ tenants, families }: Stage): Promise<readonly Observation[]> {
  const observations: Observation[] = [];
  for (const { instance, router } of tenants) {
    const answers = await askMetadata(instance, families);
    observations.push({ answers, netfilter: await readRouter(router.namespace, families) });
  }
  return observations;
}

/** Puts together all there is to judge and to tell, with the daemon's own account of itself. */
export async function makeReport(
  stage: Stage,
  daemon: Daemon,
  before: readonly Observation[],
  after: readonly Observation[],
): Promise<Report> {
  const requests = after.reduce((sum, { answers }) => sum + answers.length, 0);
  const status = await settledStatus(daemon, requests);
  return {
    tenants: stage.tenants.map(({ known, instance, router }, index) => {
      const port = status.ports.find(({ owner }) => owner === router.uuid);
      return {
        tenant: known.tenant,
        expected: { uuid: known.uuid, name: known.name, projectId: known.projectId, ec2Id: known.ec2Id },
        instance: { namespace: instance.namespace.name, address: instance.address, mac: instance.mac },
        router: { namespace: router.namespace.name, interface: router.port.interface, mac: router.port.mac },
        before: before[index] ?? NOTHING,
        after: after[index] ?? NOTHING,
        ...(port === undefined ? {} : { port }),
      };
    }),
    namespace: daemon.namespace,
    supervisor: await readProcess(status.daemon.pid),
    workers: await Promise.all(status.workers.map(({ pid }) => readProcess(pid))),
    agent: status.agent,
    novaUrl: stage.novaUrl,
  };
}

const NOTHING: Observation = { answers: [], netfilter: { conntrackEntries: 0, redirectHits: {} } };

/** A client may have its answer a moment before the worker has counted it. */
async function settledStatus(daemon: Daemon, requests: number): Promise<StatusDocument> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const status = await daemon.status();
    const counted = status.ports.reduce((sum, port) => sum + port.requests, 0);
    if (counted >= requests || Date.now() > deadline) return status;
    await sleep(50);
  }
}
