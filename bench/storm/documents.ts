/**
 * What cloud-init asks for when an instance with a key pair boots for the first time, in its order (contract.md 5): the
 * probe, the versions, five documents, and the EC2 tree folder by folder.
 */
export const BOOT_DOCUMENTS: readonly string[] = [
  '/openstack',
  '/openstack',
  ...['meta_data.json', 'user_data', 'vendor_data.json', 'vendor_data2.json', 'network_data.json'].map(
    (name) => `/openstack/2018-08-27/${name}`,
  ),
  ...[
    '',
    'block-device-mapping/',
    'placement/',
    'public-keys/',
    'ami-id',
    'ami-launch-index',
    'ami-manifest-path',
    'hostname',
    'instance-action',
    'instance-id',
    'instance-type',
    'local-hostname',
    'local-ipv4',
    'public-hostname',
    'public-ipv4',
    'reservation-id',
    'security-groups',
    'block-device-mapping/ami',
    'block-device-mapping/root',
    'placement/availability-zone',
    'public-keys/0/openssh-key',
  ].map((name) => `/latest/meta-data/${name}`),
];

/** What nova has to know of an instance for all of them to be there. */
export const BOOT_METADATA = {
  public_keys: { bench: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmUY0lE0n3H0d3VbM5z0x1p9q4w2s6t8u0v1w2x3y4z bench' },
  user_data: '#cloud-config\nhostname: bench\n',
} as const;
