/**
 * The worker's process. Only the supervisor starts it, through metasteer-launch. It is a program of its own and no command, because
 * loading the command line takes longer than loading the proxy, and a killed supervisor's instances wait for both.
 */
import { Socket } from 'node:net';
import { messageOf } from '../errors.ts';
import { parseOwnerId } from '../identity/owner-id.ts';
import type { PortId } from '../identity/port-id.ts';
import { parsePortId } from '../identity/port-id.ts';
import { Front } from '../kernel/front.ts';
import { Bursts, giveBackMemorySoon, WORTH_GIVING_BACK } from '../kernel/memory.ts';
import { RateCounter } from '../kernel/rates.ts';
import { confine, reportDenied } from '../kernel/sandbox.ts';
import { closeDescriptor, peerMac, receiveDescriptor } from '../kernel/sockets.ts';
import type { GateOpener } from '../link/client-link.ts';
import type { BreachHandler } from '../link/front-breach.ts';
import { createLogger } from '../log.ts';
import { agentConnectionsMax, connectionsMax, EXCESS_MAX } from '../proxy/descriptors.ts';
import { MessageStream } from '../proxy/message-stream.ts';
import {
  type FromWorker,
  type PortMessage,
  type ProxySettings,
  STATUS_PORTS_MAX,
  type ToWorker,
} from '../proxy/messages.ts';
import { MetadataProxy, type ProxyEnvironment } from '../proxy/proxy.ts';
import type { CountRequest } from '../proxy/rate-limit.ts';
import { descriptorLimit } from '../unix/descriptor-limit.ts';

/** Descriptors that the launcher leaves open beside the three standard ones: messages, what descriptors come over, … */
const MESSAGES = 3;
const DESCRIPTOR_CHANNEL = 4;
/** The table in which all workers count requests, where they are limited. */
const RATES = 5;
/** The same as the supervisor gave the socket: listening again must not shrink it. */
const BACKLOG = 8192;
/** Connections that the front has accepted, or has not closed yet, and the proxy does not count. */
const CLOSING_MAX = 1024;
/** For who sees the exit status alone: EX_SOFTWARE of sysexits.h. */
const EXIT_BREACH = 70;

/** What the launcher leaves in the environment of a worker that it has shut in: the worker's number outside. */
const { METASTEER_WORKER: shutIn } = process.env;

let portsAdded = 0;
const bursts = new Bursts();

type Send = (message: FromWorker) => void;

function runWorker(): void {
  if (shutIn !== undefined) reportDenied();
  // A terminal's Ctrl-C reaches the whole process group; when to stop is the supervisor's to say.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  let proxy: MetadataProxy | undefined;
  const socket = new Socket({ fd: MESSAGES, readable: true, writable: true });
  // Without its supervisor a worker has nobody to serve for.
  socket.once('close', () => process.exit(0));
  const messages = new MessageStream(
    socket,
    (message) => take(message as ToWorker),
    () => process.exit(1),
  );
  const send: Send = (message) => messages.send(message);
  const take = (message: ToWorker) => {
    if (message.type === 'start') proxy = start(message, send);
    else if (proxy !== undefined) void handle(proxy, message, send);
  };
}

function start({ settings, logLevel }: Extract<ToWorker, { type: 'start' }>, send: Send): MetadataProxy {
  const log = createLogger(logLevel, { role: 'worker', ...(shutIn === undefined ? {} : { pid: Number(shutIn) }) });
  const descriptorsMax = descriptorLimit();
  const traced: ProxyEnvironment['traced'] = (event) => send({ type: 'traced', event });
  const front = openFront(settings, descriptorsMax, (breach) => {
    log.fatal({ breach }, 'the memory of the front is wrong: the worker ends');
    // Written at once, and the process ends before it does anything else that the memory may ask for.
    send({ type: 'front-breach', breach });
    process.exit(EXIT_BREACH);
  });
  const openGate: GateOpener = (id, user) => front.gate(id, user);
  const { dial } = front;
  const environment = { log, peerMac, openGate, dial, traced, descriptorsMax, ...requestCounter(settings) };
  const proxy = new MetadataProxy(settings, environment);
  // Everything it needs is open. No port has come yet, so no tenant has been read.
  if (shutIn !== undefined) confine(settings.agent.socket);
  const fitting = connectionsMax(settings, 0, descriptorsMax);
  if (fitting < settings.limits.connections)
    log.warn({ descriptors: descriptorsMax, connections: fitting }, 'fewer connections than limits.connections fit');
  send({ type: 'started' });
  return proxy;
}

/** The front has room for more connections than the proxy lets in: for those it has not heard of, or has done with. */
function openFront(settings: ProxySettings, descriptorsMax: number, onBreach: BreachHandler): Front {
  const { limits, timeouts } = settings;
  const roomy = { ...settings, limits: { ...limits, connections: limits.connections + CLOSING_MAX } };
  return new Front({
    connections: connectionsMax(roomy, 0, descriptorsMax) + EXCESS_MAX,
    agentConnections: agentConnectionsMax(settings),
    agentPath: settings.agent.socket,
    // Later than the proxy's own limits.
    unackedMs: 2 * timeouts.clientMs + 10_000,
    onBreach,
  });
}

function requestCounter({ rateLimit }: ProxySettings): { readonly countRequest?: CountRequest } {
  if (rateLimit === undefined) return {};
  const { ipVersions: _, countRefused, ...windows } = rateLimit;
  const counter = RateCounter.open(RATES, { ...windows, countRefused: countRefused ? 1 : 0 });
  // The same clock in all workers.
  return { countRequest: (client) => counter.take(client, Number(process.hrtime.bigint() / 1_000_000n)) };
}

async function handle(proxy: MetadataProxy, message: ToWorker, send: Send): Promise<void> {
  switch (message.type) {
    case 'start':
      return;
    case 'add-port':
      return addPort(proxy, message.port, send);
    case 'ping':
      bursts.seen(proxy.connections);
      return send({ type: 'pong', ping: message.ping, connections: proxy.connections });
    case 'trace':
      return proxy.trace(message.filter);
    case 'remove-port':
      return proxy.removePort(parsePortId(message.portId));
    case 'drain-port': {
      const cut = await proxy.drainPort(parsePortId(message.portId), message.deadlineMs);
      return send({ type: 'port-drained', portId: message.portId, cut });
    }
    case 'status':
      return tellStatus(proxy, message.request, send);
    case 'stop':
      await (message.othersServe ? proxy.retire(message.deadlineMs) : proxy.stop(message.deadlineMs));
      send({ type: 'stopped' });
      // The supervisor sees the end of the process, and what was written before it.
      return process.exit(0);
  }
}

/** In parts, so that no message is longer where there are more ports. */
function tellStatus(proxy: MetadataProxy, request: number, send: Send): void {
  const { ports, ...status } = proxy.status();
  for (let from = 0; from < ports.length; from += STATUS_PORTS_MAX)
    send({ type: 'status-ports', request, ports: ports.slice(from, from + STATUS_PORTS_MAX) });
  send({ type: 'status', request, status });
}

async function addPort(proxy: MetadataProxy, port: PortMessage, send: Send): Promise<void> {
  const id = parsePortId(port.portId);
  try {
    const fd = takeDescriptor(id);
    try {
      await listenOn(proxy, port, fd);
    } catch (error) {
      closeDescriptor(fd);
      throw error;
    }
    portsAdded += 1;
    if (portsAdded % WORTH_GIVING_BACK === 0) giveBackMemorySoon();
    send({ type: 'port-listening', portId: id });
  } catch (error) {
    send({ type: 'port-failed', portId: id, message: messageOf(error) });
  }
}

/** The descriptor is the proxy's from here on, unless this fails. */
async function listenOn(proxy: MetadataProxy, port: PortMessage, fd: number): Promise<void> {
  const ownerId = parseOwnerId(port.ownerId);
  if (ownerId === undefined) throw new Error(`not an owner's UUID: ${port.ownerId}`);
  const owner = { kind: port.ownerKind, id: ownerId };
  const known = { id: parsePortId(port.portId), owner, namespace: port.namespace, interface: port.interface };
  await proxy.addPort(known, { fd, backlog: BACKLOG });
}

/** The descriptor was sent before its message, so it is there; and in the same order. */
function takeDescriptor(id: PortId): number {
  const received = receiveDescriptor(DESCRIPTOR_CHANNEL);
  if (received === undefined) throw new Error('the listening socket did not come');
  if (received.portId !== id) {
    closeDescriptor(received.fd);
    throw new Error(`the listening socket of port ${received.portId} came instead`);
  }
  return received.fd;
}

runWorker();
