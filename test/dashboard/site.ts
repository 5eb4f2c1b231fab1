/** Programs for Prometheus to ask, with traffic. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { metricFamilies } from '../../src/control/metric-families.ts';
import type { Tenant } from '../../src/demo/stage.ts';
import type { Family } from '../../src/metrics/family.ts';
import { ownFigures } from '../../src/metrics/process.ts';
import { serveMetrics } from '../../src/metrics/serve.ts';
import { sampleAgentFamilies } from '../agent/sample-metrics.ts';
import { OWNER, sampleStatus, sampleTraffic } from '../control/sample-status.ts';
import { freePort } from '../kit/free-port.ts';
import { isRoot, knock, METADATA_V4, TestNode } from '../kit/node.ts';

export interface Site {
  /** What is asked, in words. */
  readonly about: string;
  /** Ports of 127.0.0.1 by the names of jobs. */
  readonly jobs: Readonly<Record<string, number>>;
  /** Does what instances do for so long, with a busier time in its middle. */
  readonly live: (seconds: number) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** As root a daemon and an agent that run; else what they would say, served as they serve it. */
export async function openSite(): Promise<Site> {
  const jobs = { metasteer: await freePort(), 'metasteer-agent': await freePort() };
  return isRoot ? realSite(jobs) : sampleSite(jobs);
}

type Jobs = Readonly<Record<'metasteer' | 'metasteer-agent', number>>;

async function realSite(jobs: Jobs): Promise<Site> {
  const node = await TestNode.build({
    settings: {
      metrics: { listen: `127.0.0.1:${jobs['metasteer-agent']}` },
      response_cache: { enabled: true },
    },
  });
  try {
    await node.startSteering({
      workers: 2,
      metrics: { listen: `127.0.0.1:${jobs.metasteer}`, owner_label: 'on' },
      guard: { source_rate: 30, source_burst: 40 },
    });
  } catch (error) {
    await node.remove();
    throw error;
  }
  const live = async (seconds: number) => {
    const began = performance.now();
    for (let part = 0; part < 1; part = (performance.now() - began) / 1000 / seconds) {
      const isBusy = part > 0.4 && part < 0.7;
      await Promise.all([ask(node.blue, isBusy ? 12 : 3), ask(node.green, 1), stray(node), sleep(400)]);
      if (isBusy) await knock(node.blue, 80);
    }
  };
  const about = 'A daemon with two routers and its agent, on a node of namespaces.';
  return { about, jobs, live, remove: () => node.remove() };
}

/** So many requests on one connection: some that nova answers, and one it has nothing for. */
async function ask({ instance }: Tenant, requests: number): Promise<void> {
  const urls = [`${METADATA_V4}/latest/user-data?n=[1-${requests}]`, `${METADATA_V4}/openstack/latest/no-such`];
  await instance.namespace.try('curl', ['-s', '--max-time', '5', '-o', '/dev/null', ...urls]);
}

/** What the proxy refuses, and what the agent refuses when somebody asks it directly. */
async function stray({ blue, stage }: TestNode): Promise<void> {
  const send = 'exec 3<>/dev/tcp/169.254.169.254/80 && echo nonsense >&3 && timeout 1 cat <&3';
  await blue.instance.namespace.try('timeout', ['2', 'bash', '-c', send]);
  const who = `X-Neutron-Router-ID: ${blue.router.uuid}\r\nX-Forwarded-For: 10.0.0.99\r\n`;
  const socket = connect(stage.agentSocket);
  socket.end(`GET / HTTP/1.1\r\n${who}Connection: close\r\n\r\n`);
  await text(socket);
}

async function sampleSite(jobs: Jobs): Promise<Site> {
  const log = pino({ level: 'silent' });
  let looks = 0;
  const daemon = async (): Promise<readonly Family[]> => {
    looks += 1;
    const packets = { steer_syn: 2 * looks, drop_source_rate: 3 * looks, restore_reply: 15 * looks };
    const responses = { '2xx': 6 * looks, '4xx': looks };
    const traffic = sampleTraffic({ requests: 7 * looks, responses, packets });
    const owner = { requests: 7 * looks, refused: 0, connections: 1, dropped: 3 * looks };
    return metricFamilies({
      status: sampleStatus({ traffic }),
      owners: new Map([[OWNER, owner]]),
      process: ownFigures(),
    });
  };
  const places = (port: number) => ({ listen: { host: '127.0.0.1', port } });
  const servers = [
    await serveMetrics(places(jobs.metasteer), daemon, log),
    await serveMetrics(places(jobs['metasteer-agent']), async () => sampleAgentFamilies(), log),
  ];
  const remove = async () => {
    for (const server of servers) await server?.close();
  };
  return { about: 'Samples, because this was not root.', jobs, live: (seconds) => sleep(seconds * 1000), remove };
}
