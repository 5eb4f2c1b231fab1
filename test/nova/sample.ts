import { type Inventory, parseInventory } from '../../src/agent/inventory.ts';
import { signInstanceId } from '../../src/nova/authenticate.ts';

export const SECRET = 'secret of the tests';
export const FULL = 'aaaaaaaa-0000-4000-8000-000000000001';
export const PLAIN = 'bbbbbbbb-0000-4000-8000-000000000002';
export const PROJECT = '11112222333344445555666677778888';

/** Bytes that are no text: gzip's mark, and no UTF-8. */
export const USER_DATA = Buffer.from('1f8b0800ff00fe', 'hex');

/** One instance with all that an inventory can say, one with as little as it must. */
export const SAMPLE: Inventory = parseInventory(
  `
instances:
  - id: ${FULL}
    project: "${PROJECT}"
    name: Full One
    ports:
      - router: 99999999-0000-4000-8000-000000000001
        addresses: [fd00::5, 10.0.0.5]
        mac: fa:16:3e:00:00:0a
      - network: 99999999-0000-4000-8000-000000000002
        addresses: [10.1.0.5]
        mac: fa:16:3e:00:00:1a
    metadata:
      hostname: full-one.example
      availability_zone: zone-1
      launch_index: 3
      meta: { role: web, größe: groß }
      public_keys: { my key: ssh-ed25519 AAAAC3Nz me@example.org }
      user_data: { base64: ${USER_DATA.toString('base64')} }
      files:
        - { path: /etc/motd, content: "Grüße\\n" }
        - { path: /etc/bytes, content: { base64: /wD+ } }
      admin_pass: from the inventory
      devices:
        - { type: nic, bus: pci, address: "0000:00:02.0", mac: "fa:16:3e:00:00:0a", tags: [blue], vlan: 7, vf_trusted: true }
        - { type: nic, bus: pci, address: "0000:00:03.0", mac: "fa:16:3e:00:00:1a" }
        - { type: nic, bus: pci, address: "0000:00:04.0", mac: "fa:16:3e:00:00:2a", vlan: 8 }
        - { type: disk, bus: pci, address: "0000:00:05.0", serial: disk-serial, path: /dev/vdb, tags: [] }
      dedicated_cpus: [5, 2]
      vendor_data: { all: instances }
      vendor_data2: { dynamic: { a: [1, null] } }
      dns: [10.0.0.2]
      ec2_id: i-0000002a
      ami_id: ami-0000002a
      kernel_id: aki-0000002a
      ramdisk_id: ari-0000002a
      reservation_id: r-2a2a2a2a
      instance_type: m1.large
      security_groups: [default, web]
      block_device_mapping: { ami: vda, root: /dev/vda, ebs0: /dev/vdc, swap: vdb }
      public_ipv4: 192.0.2.7
  - id: ${PLAIN}
    project: "${PROJECT}"
    ports: []
`,
  'sample.yaml',
);

/** What an agent sends for an instance. */
export function headersFor(id: string, changes: Readonly<Record<string, string | undefined>> = {}) {
  const headers = {
    'X-Forwarded-For': '10.0.0.5',
    'X-Instance-ID': id,
    'X-Tenant-ID': PROJECT,
    'X-Instance-ID-Signature': signInstanceId(Buffer.from(SECRET), id),
    ...changes,
  };
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
