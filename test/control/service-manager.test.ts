import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ServiceManager } from '../../src/control/service-manager.ts';
import { createLogger } from '../../src/log.ts';

const log = createLogger('error');
const watched = { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '60000000', WATCHDOG_PID: String(process.pid) };

/** A manager in an environment, and what it sends. */
function listened(environment: NodeJS.ProcessEnv) {
  const sent: string[] = [];
  const manager = new ServiceManager(environment, log, (socket, message) => sent.push(`${socket} ${message}`));
  return { manager, sent };
}

describe('the service manager hears', () => {
  test('that the daemon is ready, and that it stops', () => {
    const { manager, sent } = listened({ NOTIFY_SOCKET: '@notify' });
    manager.ready();
    manager.stopping();
    assert.deepEqual(sent, ['@notify READY=1', '@notify STOPPING=1']);
  });

  test('which process is the service when another has taken over', () => {
    const { manager, sent } = listened({ NOTIFY_SOCKET: '@notify' });
    manager.handedOver(4711);
    assert.deepEqual(sent, ['@notify MAINPID=4711']);
  });

  test('what it is to keep, and what no longer', () => {
    const sent: [message: string, descriptor: number | undefined][] = [];
    const environment = { NOTIFY_SOCKET: '@notify', FDSTORE: '12' };
    const manager = new ServiceManager(environment, log, (_, message, descriptor) => sent.push([message, descriptor]));
    assert.equal(manager.storeMax, 12);
    assert.equal(manager.keep('map-0', 9), true);
    assert.equal(manager.giveUp('map-0'), true);
    assert.deepEqual(sent, [
      ['FDSTORE=1\nFDNAME=map-0\nFDPOLL=0', 9],
      ['FDSTOREREMOVE=1\nFDNAME=map-0', -1],
    ]);
  });

  for (const environment of [
    { FDSTORE: '12' },
    { NOTIFY_SOCKET: '@notify' },
    { NOTIFY_SOCKET: '@notify', FDSTORE: 'x' },
  ]) {
    test(`that it keeps nothing with ${JSON.stringify(environment)}`, () =>
      assert.equal(listened(environment).manager.storeMax, 0));
  }

  test('a sign of life once a second at most', () => {
    const { manager, sent } = listened(watched);
    for (const now of [5000, 5001, 5999, 6000, 6500, 9000]) manager.alive(now);
    assert.deepEqual(sent, Array(3).fill('/run/notify WATCHDOG=1'));
  });

  const unwatched: readonly [title: string, environment: NodeJS.ProcessEnv][] = [
    ['that watches nothing', { ...watched, WATCHDOG_USEC: undefined }],
    ['that watches another process', { ...watched, WATCHDOG_PID: '1' }],
    ['that is not there', { ...watched, NOTIFY_SOCKET: undefined }],
    ['without a name', { ...watched, NOTIFY_SOCKET: '' }],
  ];
  for (const [title, environment] of unwatched) {
    test(`no sign of life when it is one ${title}`, () => {
      const { manager, sent } = listened(environment);
      manager.alive();
      assert.deepEqual(sent, []);
    });
  }

  test('nothing when it does not listen, and the daemon goes on', () => {
    const manager = new ServiceManager({ NOTIFY_SOCKET: '/nowhere/notify' }, log);
    manager.ready();
    manager.stopping();
    assert.equal(manager.keep('map-0', 9), false);
  });
});
