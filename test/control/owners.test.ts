import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { OwnerRules } from '../../src/control/owners.ts';

const A = '7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f';
const B = '00000000-1111-2222-3333-444444444444';

/** Who owns an interface, as `kind uuid`; undefined when it is not steered. */
function ownerOf(yaml: string, namespace: string, name: string): string | undefined {
  const rules = new OwnerRules(parseConfig(`agent: { socket: /run/agent.sock }\n${yaml}`, 'c.yaml'));
  const owner = rules.find(namespace)?.(name);
  return owner === undefined ? undefined : `${owner.kind} ${owner.id}`;
}

describe('the owner of an interface', () => {
  const rows: readonly [
    name: string,
    yaml: string,
    namespace: string,
    interfaceName: string,
    owner: string | undefined,
  ][] = [
    ['is the router its namespace is named after', '', `qrouter-${A}`, 'qr-1', `router ${A}`],
    ['is in lower case', '', `qrouter-${A.toUpperCase()}`, 'qr-1', `router ${A}`],
    ['is nobody for other interfaces of a router', '', `qrouter-${A}`, 'qg-1', undefined],
    ['is the isolated network', '', `qdhcp-${A}`, 'tap1', `network ${A}`],
    ['is the isolated network with veths', '', `qdhcp-${A}`, 'ns-1', `network ${A}`],
    ['is the OVN network', '', `ovnmeta-${A}`, 'tap1', `ovn-network ${A}`],
    ['is nobody in a namespace of another name', '', `snat-${A}`, 'qr-1', undefined],
    ['is nobody where more follows the UUID', '', `qrouter-${A}x`, 'qr-1', undefined],
    ['is nobody where it is no UUID', '', 'qrouter-7d3c0a1e', 'qr-1', undefined],
    ['is nobody when it is excluded', `discovery: { exclude: ['${A}'] }`, `qrouter-${A}`, 'qr-1', undefined],
    ['is nobody when only others are included', `discovery: { include: ['${B}'] }`, `qrouter-${A}`, 'qr-1', undefined],
    [
      'is nobody when it is included and excluded',
      `discovery: { include: ['${A}'], exclude: ['${A}'] }`,
      `qrouter-${A}`,
      'qr-1',
      undefined,
    ],
    [
      'is found by another pattern',
      `discovery: { router_namespaces: 'vrf.{uuid}.x', router_interfaces: ['in*'] }`,
      `vrf.${A}.x`,
      'in0',
      `router ${A}`,
    ],
    [
      'takes a dot in a pattern for a dot',
      `discovery: { router_namespaces: 'vrf.{uuid}' }`,
      `vrfx${A}`,
      'qr-1',
      undefined,
    ],
    [
      'is the one listed',
      `ports: [{ namespace: blue, interface: eth1, owner: '${B}', kind: network }]`,
      'blue',
      'eth1',
      `network ${B}`,
    ],
    [
      'is a router when the list does not say',
      `ports: [{ namespace: blue, interface: eth1, owner: '${B}' }]`,
      'blue',
      'eth1',
      `router ${B}`,
    ],
    [
      'is nobody for what is beside the one listed',
      `ports: [{ namespace: blue, interface: eth1, owner: '${B}' }]`,
      'blue',
      'eth2',
      undefined,
    ],
    [
      'is the one listed before the one found',
      `ports: [{ namespace: 'qrouter-${A}', interface: qr-1, owner: '${B}' }]`,
      `qrouter-${A}`,
      'qr-1',
      `router ${B}`,
    ],
    [
      'is the one found for others of a namespace that is listed',
      `ports: [{ namespace: 'qrouter-${A}', interface: qr-1, owner: '${B}' }]`,
      `qrouter-${A}`,
      'qr-2',
      `router ${A}`,
    ],
  ];
  for (const [name, yaml, namespace, interfaceName, owner] of rows) {
    it(name, () => assert.equal(ownerOf(yaml, namespace, interfaceName), owner));
  }
});
