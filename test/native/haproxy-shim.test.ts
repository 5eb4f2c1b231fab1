/**
 * What the shim takes for a configuration of Neutron's. There is no daemon and no real haproxy for it here, so it ends, and
 * says which of the two it missed: the daemon only where the configuration is Neutron's.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ROOT } from '../tidy/sources.ts';
import { CONFIGURATIONS, OWNER } from './haproxy-confs.ts';

const SHIM = join(ROOT, 'native/build/metasteer-haproxy');
const { router, limited, network, ovn } = CONFIGURATIONS;
const OTHER = '11111111-52b7-4f0e-9a3b-1f0f3c2d4e5f';

const folder = mkdtempSync(join(tmpdir(), 'metasteer-shim-'));
after(() => rmSync(folder, { recursive: true }));

function shim(text: string, name = `${OWNER}.conf`): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return run('-f', file);
}

function run(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(SHIM, args, { encoding: 'utf8' });
  assert.deepEqual({ status, stdout }, { status: 1, stdout: '' }, stderr);
  assert.match(stderr, /haproxy\.real cannot be started: No such file or directory\n$/);
  return stderr;
}

describe('a configuration of Neutron’s is one:', () => {
  const cases: readonly [title: string, text: string][] = [
    ['of a router', router],
    ['of a router, before nbthread', router.replace(/ {4}nbthread.*\n/, '')],
    ['of a router, with the header first', router.replace(/( {4}server.*\n)([\s\S]*)/, '$2$1')],
    ['of a router, with columns and timeouts of its own', router.replace('retries 3', 'retries       \t   5')],
    ['of a router whose requests are limited', limited],
    ['of a router whose IPv6 requests are limited', limited.replaceAll('type ip ', 'type ipv6 ')],
    ['of an isolated network, in both families', network],
    ['of an OVN network', ovn],
  ];
  for (const [title, text] of cases) {
    test(title, () => assert.match(shim(text), new RegExp(`metasteer does not serve ${OWNER} \\(.+\\): starting`)));
  }
});

describe('what is not Neutron’s goes to the real haproxy:', () => {
  const cases: readonly [title: string, text: string, why: RegExp][] = [
    ['an empty file', '', /a line that Neutron always writes is missing/],
    ['a comment', `# mine\n${router}`, /line 1: Neutron writes no such line there/],
    ['a line of its own', `${router}    acl mine path /mine\n`, /line \d+: Neutron writes no such line/],
    ['a further word', router.replace('mode http', 'mode http now'), /no such line/],
    ['a word less', router.replace('mode http', 'mode'), /no such line/],
    ['another mode', router.replace('mode http', 'mode tcp'), /no such line/],
    ['a timeout in other units', router.replace('connect 30s', 'connect 30m'), /no such line/],
    ['a line in another section', router.replace('    daemon\n', '').replace('mode http', 'daemon'), /no such line/],
    ['a section of its own', `${router}frontend mine\n`, /no such line/],
    ['a line before all sections', `daemon\n${router}`, /line 1: Neutron writes no such line/],
    ['a second server', `${router}    server metadata /other\n`, /such a line once/],
    ['a server that is no socket', router.replace(/server metadata .*/, 'server metadata 10.0.0.1:80'), /no such line/],
    ['no pid file', router.replace(/ {4}pidfile.*\n/, ''), /always writes is missing/],
    ['a pid file that is no path', router.replace(/pidfile .*/, 'pidfile pid'), /no such line/],
    ['no daemon', router.replace('    daemon\n', ''), /always writes is missing/],
    ['no identity', router.replace(/ {4}http-request set-header.*\n/, ''), /always writes is missing/],
    ['two identities', `${router}    http-request set-header X-Neutron-Network-ID ${OWNER}\n`, /such a line once/],
    ['two owners', router.replace(`-${OWNER}`, `-${OTHER}`), /another router or network was named before/],
    ['an owner in capitals', router.replaceAll(OWNER, OWNER.toUpperCase()), /no such line/],
    ['an owner that is none', router.replaceAll(OWNER, 'router'), /no such line/],
    ['a line without an end', router.replace('mode http', `mode http${' '.repeat(10_000)}`), /too long/],
    ['a line of many words', router.replace('mode http', `mode ${'http '.repeat(100)}`), /too long/],
    ['bytes', '\0'.repeat(100), /line 1: it is no text/],
    ['a line that goes on behind a zero', router.replace('mode http\n', 'mode http\0\n'), /it is no text/],
    ['more behind a zero, without an end', `${router.trimEnd()}\0\n  acl mine path /mine`, /it is no text/],
    ['a last line that goes on behind a zero', `${router.trimEnd()}\0 and more`, /line \d+: it is no text/],
    ['letters that are no ASCII', router.replace('mode http', 'mode h\u00fftp'), /no such line/],
  ];
  for (const [title, text, why] of cases) {
    test(title, () => {
      const said = shim(text);
      assert.match(said, /is not Neutron's \(/);
      assert.match(said, why);
    });
  }

  test('a file under another name, by which Neutron would not know the process', () => {
    assert.match(shim(router, 'haproxy.cfg'), /does not have the name Neutron gives it/);
  });
  test('a file that is not there', () => assert.match(run('-f', join(folder, 'none')), /No such file/));
  for (const args of [[], ['-v'], ['-f'], ['-Ws', '-f', '/etc/haproxy/haproxy.cfg'], ['-c', '-f']]) {
    test(`arguments that are not Neutron’s, without a word: ${args.join(' ') || 'none'}`, () => {
      assert.match(run(...args), /^metasteer-haproxy: \/usr\/sbin\/haproxy\.real cannot be started[^\n]*\n$/);
    });
  }
});
