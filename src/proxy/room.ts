import type { ClientAddress } from '../identity/client-address.ts';
import type { Connection } from './connection.ts';
import type { PortState } from './port.ts';

/**
 * Makes room for a connection when there are as many as there may be: closes the oldest one that is not being served, of the
 * client with most connections on the port with most connections. A client that would itself be that one gets no room, so
 * nobody is shut out by those who open more than he does.
 *
 * @returns whether there is room now
 */
export function makeRoom(ports: Iterable<PortState>, forPort: PortState, forClient: ClientAddress): boolean {
  const port = largest(ports, forPort);
  const client = mostConnected(port.connections, port === forPort ? forClient : undefined);
  if (client === undefined || (port === forPort && client === forClient)) return false;
  for (const connection of port.connections) {
    if (connection.client !== client || !connection.evictable) continue;
    connection.endWithout('evicted');
    return true;
  }
  return false;
}

function largest(ports: Iterable<PortState>, preferred: PortState): PortState {
  let found = preferred;
  for (const port of ports) if (port.connections.size > found.connections.size) found = port;
  return found;
}

function mostConnected(
  connections: Iterable<Connection>,
  preferred: ClientAddress | undefined,
): ClientAddress | undefined {
  const counts = new Map<ClientAddress, number>();
  for (const { client } of connections) counts.set(client, (counts.get(client) ?? 0) + 1);
  let found = preferred;
  let most = preferred === undefined ? 0 : (counts.get(preferred) ?? 0);
  for (const [client, count] of counts) {
    if (count <= most) continue;
    found = client;
    most = count;
  }
  return found;
}
