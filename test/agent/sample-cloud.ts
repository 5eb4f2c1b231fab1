import type { FakePort } from '../../bench/agent/openstack.ts';
import type { Asker } from '../../src/agent/source.ts';
import { parseClientAddress } from '../../src/identity/client-address.ts';
import { parseMacAddress } from '../../src/identity/mac-address.ts';
import { type OwnerKind, parseOwnerId } from '../../src/identity/owner-id.ts';

/** UUIDs that are told apart by their last digits. */
export function uuid(n: number): string {
  return `7d3c0a1e-52b7-4f0e-9a3b-${String(n).padStart(12, '0')}`;
}

export const ROUTER = uuid(100);
export const NETWORK = uuid(200);
export const OTHER_NETWORK = uuid(201);
export const INSTANCE = uuid(300);
export const MAC = 'fa:16:3e:00:00:0b';
export const OTHER_MAC = 'fa:16:3e:00:00:0c';

let ports = 0;

export function port(given: Partial<FakePort> & { readonly ip?: string }): FakePort {
  const { ip = '10.0.0.5', ...rest } = given;
  return {
    id: uuid(1000 + ports++),
    network_id: NETWORK,
    device_id: INSTANCE,
    device_owner: 'compute:nova',
    project_id: 'b7e0f4c6d9d24d0f8a6f1a2b3c4d5e6f',
    mac_address: MAC,
    fixed_ips: [{ subnet_id: uuid(900), ip_address: ip }],
    ...rest,
  };
}

/** A router's port on a network. */
export function routerPort(network: string, given: Partial<FakePort> = {}): FakePort {
  return port({
    network_id: network,
    device_id: ROUTER,
    device_owner: 'network:router_interface',
    ip: '10.0.0.1',
    mac_address: 'fa:16:3e:ff:00:01',
    ...given,
  });
}

export function asker(address: string, given: { kind?: OwnerKind; id?: string; mac?: string } = {}): Asker {
  const { kind = 'router', id = ROUTER, mac } = given;
  const [owner, client] = [parseOwnerId(id), parseClientAddress(address)];
  const macAddress = mac === undefined ? undefined : parseMacAddress(mac);
  if (owner === undefined || client === undefined) throw new TypeError(`not an asker: ${id} ${address}`);
  return { owner: { kind, id: owner }, address: client, ...(macAddress && { mac: macAddress }) };
}
