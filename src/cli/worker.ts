import type { ListenOptions } from 'node:net';
import { Command } from 'commander';
import { messageOf } from '../errors.ts';
import { parseOwnerId } from '../identity/owner-id.ts';
import type { PortId } from '../identity/port-id.ts';
import { parsePortId } from '../identity/port-id.ts';
import { peerMac, receiveDescriptor } from '../kernel/sockets.ts';
import { createLogger } from '../log.ts';
import type { FromWorker, PortMessage, ToWorker } from '../proxy/messages.ts';
import { MetadataProxy } from '../proxy/proxy.ts';

/** Where the launcher leaves the socket that descriptors come over: after the three standard ones and the process channel. */
const DESCRIPTOR_CHANNEL = 4;
/** The same as the supervisor gave the socket: listening again must not shrink it. */
const BACKLOG = 4096;

/** The worker's process. Only the supervisor starts it, through metasteer-launch. */
export function workerCommand(): Command {
  return new Command('worker').description('Started by the daemon.').action(runWorker);
}

function runWorker(): Promise<void> {
  // A terminal's Ctrl-C reaches the whole process group; when to stop is the supervisor's to say.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  let proxy: MetadataProxy | undefined;
  return new Promise((resolve) => {
    process.once('disconnect', () => process.exit(0));
    process.on('message', (message: ToWorker) => {
      if (message.type === 'start') proxy = start(message);
      else if (proxy !== undefined) void handle(proxy, message, resolve);
    });
  });
}

function start({ settings, logLevel }: Extract<ToWorker, { type: 'start' }>): MetadataProxy {
  const log = createLogger(logLevel, { role: 'worker' });
  const proxy = new MetadataProxy(settings, { log, peerMac });
  send({ type: 'started' });
  return proxy;
}

async function handle(proxy: MetadataProxy, message: ToWorker, resolve: () => void): Promise<void> {
  switch (message.type) {
    case 'start':
      return;
    case 'add-port':
      return addPort(proxy, message.port);
    case 'remove-port':
      return proxy.removePort(parsePortId(message.portId));
    case 'status':
      return send({ type: 'status', request: message.request, status: proxy.status() });
    case 'stop':
      await proxy.stop(message.deadlineMs);
      send({ type: 'stopped' });
      process.removeAllListeners('disconnect');
      process.disconnect();
      return resolve();
  }
}

async function addPort(proxy: MetadataProxy, port: PortMessage): Promise<void> {
  const id = parsePortId(port.portId);
  try {
    const fd = takeDescriptor(id);
    const ownerId = parseOwnerId(port.ownerId);
    if (ownerId === undefined) throw new Error(`not an owner's UUID: ${port.ownerId}`);
    const owner = { kind: port.ownerKind, id: ownerId };
    await proxy.addPort({ id, owner, namespace: port.namespace, interface: port.interface }, {
      fd,
      backlog: BACKLOG,
    } as ListenOptions);
    send({ type: 'port-listening', portId: id });
  } catch (error) {
    send({ type: 'port-failed', portId: id, message: messageOf(error) });
  }
}

/** The descriptor was sent before its message, so it is there; and in the same order. */
function takeDescriptor(id: PortId): number {
  const received = receiveDescriptor(DESCRIPTOR_CHANNEL);
  if (received === undefined) throw new Error('the listening socket did not come');
  if (received.portId !== id) throw new Error(`the listening socket of port ${received.portId} came instead`);
  return received.fd;
}

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}
