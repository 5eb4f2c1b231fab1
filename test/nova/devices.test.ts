import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Device, devicesOf } from '../../src/nova/devices.ts';
import type { OpenstackVersion } from '../../src/nova/openstack-tree.ts';

const nic: Device = { type: 'nic', mac: 'fa:16:3e:00:00:0a' };
const share: Device = { type: 'share', share_id: 'id', tag: 'mine' };

/** Devices and what a version shows of them. */
const cases: readonly (readonly [title: string, Device, OpenstackVersion, Readonly<Record<string, unknown>>?])[] = [
  ['a share before shares were shown', share, '2020-10-14'],
  ['a share', share, '2025-04-04', { ...share, bus: 'none', address: 'none' }],
  ['a nic without tags before any other could be told', nic, '2017-02-22'],
  ['a nic without tags', nic, '2018-08-27', { ...nic, vf_trusted: false, bus: 'none', address: 'none' }],
  ['a disk without anything', { type: 'disk' }, '2016-06-30', { type: 'disk', bus: 'none', address: 'none' }],
];
for (const [title, device, version, shown] of cases) {
  test(`${title} is shown by ${version} ${shown === undefined ? 'not at all' : 'so'}`, () => {
    assert.deepEqual(
      devicesOf([device], (first) => version >= first),
      shown === undefined ? [] : [shown],
    );
  });
}
