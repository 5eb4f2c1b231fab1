import { createHash } from 'node:crypto';
import type { InventoryInstance } from '../agent/inventory.ts';

/** `network_data.json`. */
export interface NetworkData {
  readonly links: readonly Link[];
  readonly networks: readonly Network[];
  readonly services: readonly Service[];
}

interface Link {
  readonly id: string;
  readonly vif_id: string;
  readonly type: 'ovs';
  readonly mtu: number | null;
  readonly ethernet_mac_address: string | null;
}

interface Network {
  readonly id: string;
  readonly type: 'ipv4_dhcp' | 'ipv6_dhcp';
  readonly link: string;
  readonly network_id: string;
}

interface Service {
  readonly type: 'dns';
  readonly address: string;
}

/**
 * The network of an instance in nova's words, as where all subnets have DHCP: then neither addresses nor MTU are told,
 * and of each family a port has at most one network. Ids that an inventory does not have are made from the instance's,
 * the same each time.
 */
export function networkDataOf({ id, ports }: InventoryInstance, dns: readonly string[]): NetworkData {
  const links: Link[] = [];
  const networks: Network[] = [];
  for (const [index, port] of ports.entries()) {
    const vifId = uuidFrom(`port ${index} of ${id}`);
    const link = `tap${vifId.slice(0, 11)}`;
    const network = port.owners.find(({ kind }) => kind !== 'router');
    const networkId = network?.id ?? uuidFrom(`network behind ${port.owners[0]?.id}`);
    links.push({ id: link, vif_id: vifId, type: 'ovs', mtu: null, ethernet_mac_address: port.mac ?? null });
    for (const [type, isOf] of [
      ['ipv4_dhcp', (address: string) => !address.includes(':')],
      ['ipv6_dhcp', (address: string) => address.includes(':')],
    ] as const) {
      if (!port.addresses.some(isOf)) continue;
      networks.push({ id: `network${networks.length}`, type, link, network_id: networkId });
    }
  }
  return { links, networks, services: dns.map((address) => ({ type: 'dns', address })) };
}

/** A UUID of the form for data that is not from anywhere else (RFC 9562 section 5.8), the same for the same text. */
function uuidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
