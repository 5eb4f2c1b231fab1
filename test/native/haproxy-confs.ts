/** Configurations that Neutron's agents write for haproxy (contract.md 1.1 and 1.3). */
import { haproxyConfig } from '../../bench/incumbent.ts';

export const OWNER = '7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f';

const router = haproxyConfig({
  routerId: OWNER,
  agentSocket: '/var/lib/neutron/metadata_proxy',
  pidFile: `/var/lib/neutron/external/pids/${OWNER}.pid.haproxy`,
  user: 'neutron',
  group: 'neutron',
});

/** Limits of requests, as an agent with `rate_limit_enabled` writes them. */
const limited = router
  .replace(
    'listen listener',
    `backend base_rate_limiter
    stick-table type ip size 10k expire 10s store http_req_rate(10s)

backend burst_rate_limiter
    stick-table type ip size 10k expire 10s store http_req_rate(5s)

listen listener`,
  )
  .replace(
    '    server metadata',
    `    http-request track-sc0 src table base_rate_limiter
    http-request track-sc1 src table burst_rate_limiter
    http-request deny deny_status 429 if { src_http_req_rate(base_rate_limiter) gt 10 }
    http-request deny deny_status 429 if { src_http_req_rate(burst_rate_limiter) gt 5 }
    server metadata`,
  );

const network = router
  .replaceAll('Router-ID', 'X')
  .replace('Network-ID', 'Router-ID')
  .replace('X-Neutron-X', 'X-Neutron-Network-ID')
  .replace('bind :::9697', 'bind 169.254.169.254:80\n    bind [fe80::a9fe:a9fe]:80 interface tap1f0f3c2d-4e');

const ovn = router
  .replace(/ {4}http-request del-header.*\n/, '')
  .replace('set-header X-Neutron-Router-ID', 'add-header X-OVN-Network-ID');

export const CONFIGURATIONS = { router, limited, network, ovn } as const;
