/** What is behind the agents, the same for all of them: instances, nova, and Neutron's API. */

import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { builtFile } from '../../src/kernel/paths.ts';
import type { BenchContext } from '../case.ts';
import { LineProcess } from '../line-process.ts';
import { INSTANCE_MAC, type Tenant } from '../tenant.ts';
import { type Cloud, startCloud } from './openstack.ts';

const CLI = builtFile('main');
const START_MS = 10_000;
const SECRET = 'a secret of agents and nova';
const PROJECT = 'b7e0f4c6d9d24d0f8a6f1a2b3c4d5e6f';
/** Of Neutron's objects, made up once. */
const NETWORK = '7d3c0a1e-52b7-4f0e-9a3b-000000000200';
const SUBNET = '7d3c0a1e-52b7-4f0e-9a3b-000000000900';

export interface BenchCloud {
  readonly secret: string;
  readonly secretFile: string;
  readonly nova: string;
  /** For the agents in Python. */
  readonly portsFile: string;
  readonly openstack: Cloud;
}

export interface CloudPlan {
  /** Time that nova takes for every request at least, such as 5ms; none when absent. */
  readonly delay?: string;
  /** What nova knows of each instance beside its port, in the words of docs/demo-nova.md. */
  readonly metadata?: object;
}

/**
 * Makes an instance of every address of a tenant and starts nova. All of it ends with the run.
 *
 * @throws {Error} when nova does not come up
 */
export async function startBenchCloud(
  { workspace, teardown }: BenchContext,
  tenant: Tenant,
  { delay, metadata }: CloudPlan,
): Promise<BenchCloud> {
  const instances = tenant.addresses.map((address) => ({ address, id: randomUUID() }));
  const inventoryFile = workspace.file('inventory.json');
  writeFileSync(
    inventoryFile,
    JSON.stringify({
      instances: instances.map(({ address, id }) => ({
        id,
        project: PROJECT,
        ports: [{ router: tenant.id, addresses: [address], mac: INSTANCE_MAC }],
        ...(metadata && { metadata }),
      })),
    }),
  );
  const portsFile = workspace.file('ports.json');
  const known = instances.map(({ address, id }) => ({
    router: tenant.id,
    address,
    mac: INSTANCE_MAC,
    device_id: id,
    tenant_id: PROJECT,
  }));
  writeFileSync(portsFile, JSON.stringify(known));
  const secretFile = workspace.file('secret');
  writeFileSync(secretFile, SECRET, { mode: 0o600 });
  const options = ['--inventory', inventoryFile, '--secret-file', secretFile, '--listen', '127.0.0.1:0'];
  const delayOption = delay === undefined ? [] : ['--delay', delay];
  const nova = new LineProcess(process.execPath, [
    ...[CLI, 'demo-nova', ...options, ...delayOption, '--log-level', 'error', '--json'],
  ]);
  teardown.add('nova', () => nova.close());
  const { url } = JSON.parse(await nova.line(START_MS)) as { readonly url: string };
  const openstack = await startCloud();
  teardown.add('Neutron', () => openstack.close());
  openstack.ports = neutronPorts(tenant.id, instances);
  return { secret: SECRET, secretFile, nova: url, portsFile, openstack };
}

function neutronPorts(router: string, instances: readonly { readonly address: string; readonly id: string }[]) {
  const port = (device: string, owner: string, address: string) => ({
    id: randomUUID(),
    network_id: NETWORK,
    device_id: device,
    device_owner: owner,
    project_id: PROJECT,
    mac_address: INSTANCE_MAC,
    fixed_ips: [{ subnet_id: SUBNET, ip_address: address }],
  });
  return [
    port(router, 'network:router_interface', '10.0.0.1'),
    ...instances.map(({ id, address }) => port(id, 'compute:nova', address)),
  ];
}
