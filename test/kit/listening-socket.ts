import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { parsePortId } from '../../src/identity/port-id.ts';
import { closeDescriptor, openDescriptorChannel, receiveDescriptor, sendDescriptor } from '../../src/kernel/sockets.ts';

/** Opens a listening socket on a free port, which is nobody's but the caller's: Node's server lends it and closes. */
export async function openListeningSocket(host: string): Promise<{ readonly fd: number; readonly port: number }> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const [ours, theirs] = openDescriptorChannel();
  sendDescriptor(ours, fd, parsePortId(0));
  const received = receiveDescriptor(theirs);
  for (const end of [ours, theirs]) closeDescriptor(end);
  const { port } = server.address() as AddressInfo;
  server.close();
  if (received === undefined) throw new Error('the descriptor did not come');
  return { fd: received.fd, port };
}
