import type { Logger } from 'pino';
import type { PeerMac } from '../identity/mac-address.ts';
import type { GateOpener } from '../link/client-link.ts';
import type { Dial } from '../link/link.ts';
import type { AccessLog } from './access-log.ts';
import type { Agent } from './agent.ts';
import type { Census } from './census.ts';
import type { Clock } from './clock.ts';
import type { HeadParser } from './head.ts';
import type { ProxySettings, WorkerTraceEvent } from './messages.ts';
import type { PortState } from './port.ts';
import type { CountRequest, RateLimit } from './rate-limit.ts';
import type { Tracer } from './tracer.ts';

/** What lies outside the request path: the worker hands it in. */
export interface ProxyEnvironment {
  readonly log: Logger;
  /** MAC address that frames of a connection came from, by the descriptor of its socket. */
  readonly peerMac: PeerMac;
  /** Descriptors this process may have open; without it, enough for the settings. */
  readonly descriptorsMax?: number;
  /** Where clients come in, in place of Node's own servers. */
  readonly openGate?: GateOpener;
  /** How the agent is connected to, in place of Node's own sockets. */
  readonly dial?: Dial;
  /** Needed where the settings limit requests. */
  readonly countRequest?: CountRequest;
  /** Takes what is told of clients that are traced; without it none can be. */
  readonly traced?: (event: WorkerTraceEvent) => void;
}

/** What all connections of a worker share. */
export interface ProxyContext {
  readonly settings: ProxySettings;
  readonly environment: ProxyEnvironment;
  readonly clock: Clock;
  readonly headParser: HeadParser;
  readonly agent: Agent;
  readonly accessLog: AccessLog;
  readonly rateLimit?: RateLimit;
  readonly tracer?: Tracer;
  readonly ports: Set<PortState>;
  readonly census: Census;
  /** Connections serve the request they have, or their first, and no other. */
  isStopping: boolean;
  /** On the clock's scale. */
  lastAcceptedAt: number;
}
