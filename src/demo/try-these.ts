import type { Daemon } from './daemon.ts';
import { curlArguments, metadataUrl } from './probe.ts';
import type { Stage } from './stage.ts';

/** Commands for somebody who wants to look around while everything runs. */
export function tryThese({ tenants, families }: Stage, daemon: Daemon): readonly string[] {
  const asks = tenants.flatMap(({ instance }) =>
    families.map((family) => {
      const url = metadataUrl(family, 'openstack/latest/meta_data.json');
      return `ip netns exec ${instance.namespace.name} curl ${curlArguments(url).join(' ')}`;
    }),
  );
  const [tenant] = tenants;
  const router = tenant === undefined ? '' : tenant.router.namespace.name;
  return [
    ...asks,
    `${daemon.command} status --socket ${daemon.adminSocket}`,
    `ip netns exec ${router} iptables -t nat -vnL`,
    `ip -n ${daemon.namespace} -d link`,
  ];
}
