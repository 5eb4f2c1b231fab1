// Needs root: network namespaces and BPF. Metrics of the daemon as Prometheus gets them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { curlOver } from '../kit/metrics.ts';
import { knock, needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';
import { UNPACKED, unlessThere } from '../kit/peers.ts';

const REQUESTS = 6;
const SYNS_ALLOWED = 16;

describe('metrics', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  let socket: string;

  before(async () => {
    node = await TestNode.build();
    socket = node.runDir.file('metrics.sock');
    daemon = await node.startSteering({
      workers: 2,
      metrics: { socket, owner_label: 'on', owners_max: 1 },
      guard: { source_rate: 1, source_burst: SYNS_ALLOWED },
    });
  });
  after(() => node.remove());

  const scrape = () => curlOver(socket);

  function value(text: string, series: string): number {
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    assert.ok(line, `there is ${series}`);
    return Number(line.slice(series.length + 1));
  }

  it('tell what both workers did, together', async () => {
    for (let request = 0; request < REQUESTS; request += 1) await whoAmI(node.blue);
    await whoAmI(node.green);
    const text = await scrape();
    assert.equal(value(text, 'metasteer_http_requests_total'), REQUESTS + 1);
    assert.equal(value(text, 'metasteer_http_responses_total{code="2xx"}'), REQUESTS + 1);
    assert.equal(value(text, 'metasteer_request_duration_seconds_count'), REQUESTS + 1);
    assert.equal(value(text, 'metasteer_agent_duration_seconds_count'), REQUESTS + 1);
    assert.equal(value(text, 'metasteer_ports{state="steering"}'), 2);
    assert.equal(value(text, 'metasteer_workers{state="running"}'), 2);
    assert.equal(value(text, 'metasteer_packets_total{program="steer",verdict="steer_syn"}'), REQUESTS + 1);
    assert.equal(value(text, 'metasteer_agent_state{state="answering"}'), 1);
  });

  it('tell owners apart up to the cap', async () => {
    const text = await scrape();
    const by = (owner: string) => value(text, `metasteer_owner_requests_total{owner="${owner}"}`);
    const routers = [node.blue, node.green].map(({ router }) => router.uuid);
    const named = routers.filter((owner) => text.includes(`metasteer_owner_requests_total{owner="${owner}"}`));
    assert.equal(named.length, 1);
    assert.equal(by(named[0] ?? '') + by('other'), REQUESTS + 1);
  });

  it('tell whose packets the programs dropped', async () => {
    await knock(node.blue, 40);
    const text = await scrape();
    const dropped = value(text, 'metasteer_packets_total{program="steer",verdict="drop_source_rate"}');
    assert.ok(dropped >= 10, `${dropped}`);
    const owners = [...text.matchAll(/^metasteer_owner_packets_dropped_total\{owner="([^"]+)"\} (\d+)$/gm)];
    const blue = text.includes(`_dropped_total{owner="${node.blue.router.uuid}"}`) ? node.blue.router.uuid : 'other';
    assert.deepEqual(Object.fromEntries(owners.map(([, owner = '', count]) => [owner, Number(count)]))[blue], dropped);
    assert.equal(owners.length, 2);
  });

  it('do not shrink when a worker is killed or a router goes', async () => {
    const before = await scrape();
    const { workers } = await daemon.status();
    process.kill(workers[0]?.pid ?? 0, 'SIGKILL');
    await until(
      'it is counted',
      async () => value(await scrape(), 'metasteer_workers_lost_total{reason="signal"}') === 1,
    );
    await node.green.router.namespace.ip('link', 'set', node.green.router.port.interface, 'down');
    await until('the port has gone', async () => value(await scrape(), 'metasteer_ports{state="steering"}') === 1);
    await node.green.router.namespace.ip('link', 'set', node.green.router.port.interface, 'up');
    await until('it is back', async () => value(await scrape(), 'metasteer_ports{state="steering"}') === 2);
    const after = await scrape();
    for (const line of before.split('\n').filter((each) => /^\w+_(total|count|sum|bucket)\b/.test(each))) {
      const series = line.slice(0, line.lastIndexOf(' '));
      // Which owner has the only place may have changed with its port.
      if (!series.includes('owner')) assert.ok(value(after, series) >= value(before, series), series);
    }
  });

  it('have nothing that promtool minds', { skip: unlessThere('prometheus') }, async () => {
    const promtool = join(UNPACKED, 'usr/bin/promtool');
    assert.equal(execFileSync(promtool, ['check', 'metrics'], { input: await scrape(), encoding: 'utf8' }), '');
  });
});
