import { randomUUID } from 'node:crypto';
import { type Inventory as NovaInventory, parseInventory } from '../agent/inventory.ts';

/** What Neutron and Nova know about one instance of the demo. */
export interface InventoryInstance {
  readonly uuid: string;
  readonly ec2Id: string;
  readonly name: string;
  readonly tenant: string;
  readonly projectId: string;
  readonly routerId: string;
  /** Its fixed address, without prefix length. Tenants may use the same. */
  readonly address: string;
  readonly mac: string;
  readonly publicKeys?: Readonly<Record<string, string>>;
  readonly userData?: Uint8Array;
}

export type Inventory = readonly InventoryInstance[];

const USER_DATA_BYTES = 64 * 1024;

/** Two tenants who know nothing of each other and chose the same addresses. */
export function demoInventory(): Inventory {
  return [
    { tenant: 'blue', name: 'blue-web', ec2Id: 'i-0000b10e', mac: 'fa:16:3e:00:00:0b' },
    { tenant: 'green', name: 'green-shop', ec2Id: 'i-00009ee2', mac: 'fa:16:3e:00:00:09' },
  ].map((given) => ({
    ...given,
    uuid: randomUUID(),
    projectId: randomUUID().replaceAll('-', ''),
    routerId: randomUUID(),
    address: '10.0.0.5',
    publicKeys: { [`${given.tenant}-key`]: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ${given.tenant}@example.org` },
    userData: userDataOf(given.tenant),
  }));
}

/** The inventory as the file that agent and embedded nova read (docs/inventory.md), in JSON. */
export function inventoryFile(inventory: Inventory): string {
  return JSON.stringify({ instances: inventory.map(novaInstance) });
}

/** The inventory in the form that the embedded nova takes. */
export function novaInventory(inventory: Inventory): NovaInventory {
  return parseInventory(inventoryFile(inventory), 'inventory of the demo.json');
}

function novaInstance({ uuid, projectId, name, routerId, address, mac, ...shown }: InventoryInstance) {
  const { ec2Id, tenant, publicKeys, userData } = shown;
  const metadata = {
    ec2_id: ec2Id,
    meta: { tenant },
    ...(publicKeys && { public_keys: publicKeys }),
    ...(userData && { user_data: { base64: Buffer.from(userData).toString('base64') } }),
  };
  return { id: uuid, project: projectId, name, ports: [{ router: routerId, addresses: [address], mac }], metadata };
}

function userDataOf(tenant: string): Uint8Array {
  const line = `# user data of tenant ${tenant}\n`;
  return Buffer.from(`#!/bin/sh\n${line.repeat(Math.ceil(USER_DATA_BYTES / line.length))}`.slice(0, USER_DATA_BYTES));
}
