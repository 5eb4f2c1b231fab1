import type { ClientAddress } from '../identity/client-address.ts';
import type { PortState } from './port.ts';

/** So many of a client's connections are looked at for one that can go: this runs for every one that comes while there is no room. */
const LOOKS_MAX = 256;

/**
 * Makes room for a connection when there are as many as there may be: closes the oldest one that is not being served, of the
 * client with most connections on the port with most connections. A client that would itself be that one gets no room, so
 * nobody is shut out by those who open more than he does.
 *
 * @returns whether there is room now
 */
export function makeRoom(ports: Iterable<PortState>, forPort: PortState, forClient: ClientAddress): boolean {
  const port = largest(ports, forPort);
  const client = mostConnected(port, port === forPort ? forClient : undefined);
  if (client === undefined || (port === forPort && client === forClient)) return false;
  let looked = 0;
  for (const connection of port.byClient.get(client) ?? []) {
    if (connection.evictable) {
      connection.endWithout('evicted');
      return true;
    }
    looked += 1;
    if (looked === LOOKS_MAX) break;
  }
  return false;
}

function largest(ports: Iterable<PortState>, preferred: PortState): PortState {
  let found = preferred;
  for (const port of ports) if (port.count > found.count) found = port;
  return found;
}

function mostConnected(port: PortState, preferred: ClientAddress | undefined): ClientAddress | undefined {
  let found = preferred;
  let most = preferred === undefined ? 0 : (port.byClient.get(preferred)?.size ?? 0);
  for (const [client, { size }] of port.byClient) {
    if (size <= most) continue;
    found = client;
    most = size;
  }
  return found;
}
