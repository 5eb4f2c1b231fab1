import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A directory for sockets, short enough for a socket's path. */
export function socketDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'ms-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A request as an agent received it. */
export class Received {
  /** All its bytes, one character each. */
  readonly raw: string;
  /** Which connection to the agent brought it, counted from 0. */
  readonly connection: number;

  constructor(raw: string, connection: number) {
    this.raw = raw;
    this.connection = connection;
  }

  get head(): string {
    return this.raw.slice(0, this.raw.indexOf('\r\n\r\n') + 2);
  }

  get body(): string {
    return this.raw.slice(this.raw.indexOf('\r\n\r\n') + 4);
  }

  get requestLine(): string {
    return this.raw.slice(0, this.raw.indexOf('\r\n'));
  }

  /** Header lines after the request line. */
  get lines(): string[] {
    return this.head.split('\r\n').slice(1, -1);
  }

  /** Values of a header, by its name in any case. */
  values(name: string): string[] {
    const prefix = `${name.toLowerCase()}:`;
    return this.lines
      .filter((line) => line.toLowerCase().startsWith(prefix))
      .map((line) => line.slice(prefix.length).trim());
  }
}

/** What a stub agent does with a request: bytes to answer, and whether to close afterwards. */
export interface Answer {
  readonly bytes: string | Buffer;
  readonly close?: boolean;
}

/** Decides about the answer; undefined for none: the test answers on the socket itself. */
export type Answerer = (request: Received, socket: Socket) => Answer | undefined | Promise<Answer | undefined>;

/** A complete reply with its Content-Length. */
export function reply(body: string, extra = '', status = '200 OK'): Answer {
  return {
    bytes: `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\n${extra}Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`,
  };
}

/** Answers with what it received. */
export const echo: Answerer = (request) => reply(request.raw);

/**
 * A stub agent that keeps connections open and answers one request after the other, as agents up to 2024.2 do.
 * It reads leniently and keeps the raw bytes of every request.
 */
export class KeepAliveAgent {
  readonly path: string;
  readonly received: Received[] = [];
  /** Connections accepted so far. */
  connections = 0;
  answer: Answerer;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;

  constructor(path: string, answer: Answerer = echo) {
    this.path = path;
    this.answer = answer;
  }

  static async start(path: string, answer?: Answerer): Promise<KeepAliveAgent> {
    const agent = new KeepAliveAgent(path, answer);
    await agent.listen();
    return agent;
  }

  get open(): number {
    return this.#open.size;
  }

  listen(): Promise<void> {
    if (existsSync(this.path)) unlinkSync(this.path);
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
    this.#server = server;
    return new Promise((resolve) => server.listen({ path: this.path, backlog: 4096 }, resolve));
  }

  /** Ends open connections as a process that dies would, and stops listening. */
  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    const server = this.#server;
    this.#server = undefined;
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  /** Closes the connections that are open, but goes on listening. */
  dropConnections(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #serve(socket: Socket): void {
    const connection = this.connections;
    this.connections += 1;
    this.#open.add(socket);
    let buffered = '';
    let busy: Promise<void> = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      buffered += chunk.toString('latin1');
      for (;;) {
        const length = requestLength(buffered);
        if (length === undefined) return;
        const request = new Received(buffered.slice(0, length), connection);
        buffered = buffered.slice(length);
        this.received.push(request);
        busy = busy.then(() => this.#answer(request, socket));
      }
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#open.delete(socket));
  }

  async #answer(request: Received, socket: Socket): Promise<void> {
    const answer = await this.answer(request, socket);
    if (answer === undefined || socket.destroyed) return;
    const bytes = typeof answer.bytes === 'string' ? Buffer.from(answer.bytes, 'latin1') : answer.bytes;
    if (answer.close === true) socket.end(bytes);
    else socket.write(bytes);
  }
}

function requestLength(text: string): number | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const body = Number(/^content-length: *(\d+)/im.exec(text.slice(0, headEnd))?.[1] ?? 0);
  return text.length < headEnd + 4 + body ? undefined : headEnd + 4 + body;
}

// The compiled kit lies one level deeper than the source; the script itself is not compiled.
const HERE = fileURLToPath(new URL('.', import.meta.url));
const SCRIPT_PLACES = [join(HERE, 'one-shot-agent.py'), join(HERE, '../../../test/kit/one-shot-agent.py')];

/** The faithful one-shot agent, a process of its own (see one-shot-agent.py). */
export class OneShotAgent {
  readonly received: Received[] = [];
  /** Requests it closed the connection on without an answer. */
  unanswered = 0;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /**
   * @param workers requests it works on at once
   * @param workSeconds time it takes for each
   */
  static start(path: string, workers = 4, workSeconds = 0): Promise<OneShotAgent> {
    const script = SCRIPT_PLACES.find((place) => existsSync(place));
    if (script === undefined) throw new Error('one-shot-agent.py is missing');
    const options = [script, path, String(workers), String(workSeconds)];
    const child = spawn('python3', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    const agent = new OneShotAgent(child);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`one-shot agent ended with ${code}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const record = JSON.parse(line) as { listening?: string; received?: string; answered?: boolean };
        if (record.listening !== undefined) resolve(agent);
        if (record.received === undefined) return;
        agent.received.push(
          new Received(Buffer.from(record.received, 'base64').toString('latin1'), agent.received.length),
        );
        if (record.answered !== true) agent.unanswered += 1;
      });
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill(signal);
    await gone;
  }
}
