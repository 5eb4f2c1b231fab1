import { chmodSync } from 'node:fs';
import { createServer, type Server } from 'node:http';

/**
 * A metadata agent of the keep-alive generation that answers by itself, with the request's identity headers: whatever
 * is behind a real agent is the same for both sides and would only add noise. Runs in the benchmark's own process.
 */
export class AgentStub {
  readonly socket: string;
  readonly #server: Server;

  private constructor(socket: string, server: Server) {
    this.socket = socket;
    this.#server = server;
  }

  /** @throws {Error} when the socket cannot be made */
  static async start(socket: string): Promise<AgentStub> {
    const server = createServer((request, response) => {
      const { 'x-forwarded-for': client, 'x-neutron-router-id': router } = request.headers;
      response.setHeader('content-type', 'text/plain').end(`${router} ${client}\n`);
    });
    // Agents of this generation never close an idle connection (contract.md 2.3).
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(socket, resolve);
    });
    // Proxies without privileges connect to it; to connect they need to write to it.
    chmodSync(socket, 0o666);
    return new AgentStub(socket, server);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
