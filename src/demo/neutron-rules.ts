import type { Namespace } from './namespace.ts';

export type Family = 'IPv4' | 'IPv6';

const TOOLS = {
  IPv4: { restore: 'iptables-restore', list: 'iptables', address: '169.254.169.254/32' },
  IPv6: { restore: 'ip6tables-restore', list: 'ip6tables', address: 'fe80::a9fe:a9fe/128' },
} as const;

/** Where Neutron's haproxy would listen; in the demo nobody does. */
const METADATA_PORT = 9697;

/** Neutron wraps its chains with the first 16 characters of the agent's name (contract.md 1.5). */
const WRAP = 'neutron-l3-agent';

/**
 * Installs what the L3 agent installs in a router's namespace to bring metadata requests to haproxy (contract.md 1.5).
 * Only the demo and the tests do this; the product never calls iptables.
 *
 * @throws {CommandError}
 */
export async function installNeutronRules(router: Namespace, family: Family): Promise<void> {
  const { restore, address } = TOOLS[family];
  const request = `-d ${address} -i qr-+ -p tcp -m tcp --dport 80`;
  const rules = [
    ...table('mangle', ['PREROUTING'], [`${WRAP}-PREROUTING ${request} -j MARK --set-xmark 0x1/0xffff`]),
    ...table(
      'filter',
      ['INPUT', 'FORWARD'],
      [
        `${WRAP}-INPUT -m mark --mark 0x1/0xffff -j ACCEPT`,
        `${WRAP}-INPUT -p tcp -m tcp --dport ${METADATA_PORT} -j DROP`,
        `${WRAP}-FORWARD -j ${WRAP}-scope`,
        `${WRAP}-scope -m mark --mark 0x1/0xffff -j DROP`,
      ],
      ['scope'],
    ),
    ...table('nat', ['PREROUTING'], [`${WRAP}-PREROUTING ${request} -j REDIRECT --to-ports ${METADATA_PORT}`]),
  ];
  await router.run(restore, ['--noflush', '-w', '5'], { input: `${rules.join('\n')}\n` });
}

/** How many packets the REDIRECT rule has seen: connections, since NAT rules see a flow's first packet only. */
export async function redirectHits(router: Namespace, family: Family): Promise<number> {
  const text = await router.run(TOOLS[family].list, ['-w', '5', '-t', 'nat', '-v', '-S', `${WRAP}-PREROUTING`]);
  return parseRedirectHits(text);
}

/** Reads the output of `iptables -v -S`, where a rule carries `-c <packets> <bytes>`. */
export function parseRedirectHits(text: string): number {
  const rule = text.split('\n').find((line) => line.includes('-j REDIRECT'));
  const packets = rule === undefined ? undefined : / -c (\d+) \d+/.exec(rule)?.[1];
  if (packets === undefined) throw new Error('the REDIRECT rule is missing in the router');
  return Number(packets);
}

/** One table in the language of iptables-restore: own chains, each called from the built-in one of the same name. */
function table(name: string, hooks: readonly string[], rules: readonly string[], more: readonly string[] = []) {
  return [
    `*${name}`,
    ...[...hooks, ...more].map((chain) => `:${WRAP}-${chain} - [0:0]`),
    ...hooks.map((chain) => `-A ${chain} -j ${WRAP}-${chain}`),
    ...rules.map((rule) => `-A ${rule}`),
    'COMMIT',
  ];
}
