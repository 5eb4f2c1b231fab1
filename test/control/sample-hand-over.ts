import { type HandOverDocument, OUR_ABI, parseHandOver } from '../../src/control/hand-over-document.ts';

const LINK = {
  ...{ ifindex: 12, name: 'qr-1f0f3c2d-4e', mac: 'fa:16:3e:00:00:01', mtu: 1500 },
  ...{ isUp: true, isEthernet: true, kind: 'veth', hasAddress: true },
};

const ATTACHMENT = {
  ...{ netns: '/run/netns/qrouter-7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f', link: true, ifindex: 12, hook: 0 },
  ...{ handle: 0, priority: 0, qdiscCreated: 0 },
};

/** What a daemon with one port hands over, as it stands in the document. */
export function handOverValues() {
  return {
    ...{ version: '0.1.0', abi: OUR_ABI, descriptors: 16 },
    ...{ mapsAt: 0, lockAt: 10, namespaceAt: 11, ratesAt: 12, tags: { match: 'a1b2', restore: 'c3d4' } },
    kept: {
      ...{ run_dir: '/run/metasteer', namespace: 'metasteer', netns_dir: '/run/netns' },
      ...{ admin: {}, attach: 'auto', ports_max: 1024, neighbours_max: 65_536, flows_max: 65_536, on_exit: 'release' },
    },
    drained: { all: false, owners: ['7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f'], interfaces: ['qr-1f0f3c2d-4e'] },
    operator: { limits: { port_burst: 777 }, workers: 2 },
    events: [{ at: '2026-01-01T00:00:00.000Z', event: 'steering qr-1f0f3c2d-4e' }],
    ports: [
      {
        ...{ id: 0, ownerKind: 'router', ownerId: '7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f' },
        ...{
          namespace: 'qrouter-7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f',
          netns: ATTACHMENT.netns,
          netnsInode: 4026532000,
        },
        ...{ link: LINK, device: { ...LINK, name: 'ms0', kind: 'macvlan' }, mtu: 1500, takingOverUntil: 0 },
        ...{ match: ATTACHMENT, restore: ATTACHMENT, requests: 3, listenerAt: 13, linkAt: 14 },
      },
    ],
  };
}

/** The same, parsed. */
export function handOverDocument(): HandOverDocument {
  return parseHandOver(handOverValues());
}
