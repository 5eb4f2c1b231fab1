import assert from 'node:assert/strict';
import { test } from 'node:test';
import { haproxyConfig } from '../../bench/incumbent.ts';
import { runOf } from '../../bench/workspace.ts';

const config = haproxyConfig({
  routerId: '11111111-2222-3333-4444-555555555555',
  agentSocket: '/run/agent.sock',
  pidFile: '/run/a.pid',
  user: 'nobody',
  group: 'nogroup',
});

/** Lines of a section, without their indentation. */
function section(name: string): readonly string[] {
  const [, body = ''] = new RegExp(`^${name}.*\\n((?:    .*\\n)*)`, 'm').exec(config) ?? [];
  return body.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
}

test('haproxy is configured as Neutron configures it for a router (contract.md 1.1)', () => {
  assert.deepEqual(section('global'), [
    'log /dev/log local0 info',
    'log-tag haproxy-metadata-proxy-11111111-2222-3333-4444-555555555555',
    'user nobody',
    'group nogroup',
    'maxconn 1024',
    'nbthread 2',
    'pidfile /run/a.pid',
    'daemon',
  ]);
  assert.deepEqual(section('defaults'), [
    'log global',
    'mode http',
    'option httplog',
    'option dontlognull',
    'option http-server-close',
    'option forwardfor',
    'retries 3',
    'timeout http-request 30s',
    'timeout connect 30s',
    'timeout client 32s',
    'timeout server 32s',
    'timeout http-keep-alive 30s',
  ]);
  assert.deepEqual(section('listen'), [
    'bind :::9697',
    'server metadata /run/agent.sock',
    'http-request del-header X-Neutron-Network-ID',
    'http-request set-header X-Neutron-Router-ID 11111111-2222-3333-4444-555555555555',
  ]);
});

const names: readonly [namespace: string, pid: number | undefined][] = [
  ['qrouter-000004d2-be2c-4000-8000-00000000000a', 1234],
  ['qrouter-000004d2-be2c-4000-8000-800000000000', 1234],
  ['ms1234-bench', 1234],
  ['metasteer-bench-1234', 1234],
  ['qrouter-5f3c8a52-7c0e-4d9d-9f0f-2b9a4c8e1d11', undefined],
  ['qdhcp-000004d2-be2c-4000-8000-00000000000a', undefined],
  ['ms1234-blue', undefined],
  ['metasteer', undefined],
];
for (const [namespace, pid] of names) {
  const whose = pid === undefined ? 'belongs to no run of the benchmark' : 'tells the run that made it';
  test(`the name ${namespace} ${whose}`, () => assert.equal(runOf(namespace), pid));
}
