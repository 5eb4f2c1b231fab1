import type { Inventory } from '../../src/demo/inventory.ts';

export const ROUTER_A = '11111111-1111-4111-8111-111111111111';
export const ROUTER_B = '22222222-2222-4222-8222-222222222222';

/** Two instances with one address behind two routers, and a third that shares an address with the second. */
export const INVENTORY: Inventory = [
  {
    uuid: 'aaaaaaaa-0000-4000-8000-000000000001',
    ec2Id: 'i-0000000a',
    name: 'instance-a',
    tenant: 'a',
    projectId: 'project-a',
    routerId: ROUTER_A,
    address: '10.0.0.5',
    mac: 'fa:16:3e:00:00:0a',
    publicKeys: { 'key-a': 'ssh-ed25519 AAAA a@example.org' },
    userData: Buffer.from(`#!/bin/sh\n${'a'.repeat(65_526)}`),
  },
  {
    uuid: 'bbbbbbbb-0000-4000-8000-000000000002',
    ec2Id: 'i-0000000b',
    name: 'instance-b',
    tenant: 'b',
    projectId: 'project-b',
    routerId: ROUTER_B,
    address: '10.0.0.5',
    mac: 'fa:16:3e:00:00:0b',
  },
  ...['c', 'd'].map((letter) => ({
    uuid: `${letter.repeat(8)}-0000-4000-8000-000000000003`,
    ec2Id: `i-0000000${letter}`,
    name: `instance-${letter}`,
    tenant: 'b',
    projectId: 'project-b',
    routerId: ROUTER_B,
    address: '10.0.0.7',
    mac: `fa:16:3e:00:00:0${letter}`,
  })),
];
