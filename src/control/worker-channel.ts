import type { Socket } from 'node:net';
import { MS_PORTS_MAX } from '../kernel/layout.gen.ts';
import { MessageStream } from '../proxy/message-stream.ts';
import type { FromWorker, ProxyStatus, ToWorker } from '../proxy/messages.ts';
import { Budget } from './budget.ts';
import { parseFromWorker } from './worker-messages.ts';
import { WorkerQuestions } from './worker-questions.ts';

/** What a worker may send: the answers of all ports that there can be, four times over, and their status twice; and then so much. */
const MESSAGES_RATE = { perSecond: MS_PORTS_MAX / 2, burst: 4 * MS_PORTS_MAX };
const BYTES_RATE = { perSecond: 16 * 1_048_576, burst: 64 * 1_048_576 };
/** Accounts of itself that it is asked for at once. */
const STATUSES_MAX = 8;

/** What a worker says, with a status that is whole. */
export type Heard =
  | Exclude<FromWorker, { type: 'status' | 'status-ports' }>
  | { readonly type: 'status'; readonly request: number; readonly status: ProxyStatus };

/**
 * The supervisor's end of the messages with one worker. The worker parses what tenants send, so it may be somebody else's: a message
 * that is malformed, out of bounds, or that it was not asked for ends the conversation, and so does too much of anything.
 */
export class WorkerChannel {
  readonly #stream: MessageStream;
  readonly #questions = new WorkerQuestions();
  readonly #messages = new Budget(MESSAGES_RATE);
  readonly #bytes = new Budget(BYTES_RATE);
  readonly #heard: (message: Heard) => void;
  readonly #broken: (why: string) => void;

  /** @param broken called with what is wrong, in words: nothing is heard after it */
  constructor(socket: Socket, heard: (message: Heard) => void, broken: (why: string) => void) {
    this.#heard = heard;
    this.#broken = broken;
    this.#stream = new MessageStream(socket, (received, bytes) => this.#take(received, bytes), broken);
  }

  /** Whether it has been asked for its status more often than it has answered, by more than one that is well would let come. */
  get hasUnansweredStatuses(): boolean {
    return this.#questions.statuses.open >= STATUSES_MAX;
  }

  send(message: ToWorker): void {
    this.#questions.ask(message);
    this.#stream.send(message);
  }

  close(): void {
    this.#stream.close();
  }

  #take(received: unknown, bytes: number): void {
    const wrong = this.#hear(received, bytes);
    if (wrong === undefined) return;
    // What else it sent is not even read.
    this.#stream.close();
    this.#broken(`it sent ${wrong}`);
  }

  /** What is wrong with it, in words, where it is not heard. */
  #hear(received: unknown, bytes: number): string | undefined {
    if (!this.#messages.take(1) || !this.#bytes.take(bytes)) return 'more messages than a worker has to send';
    const message = parseFromWorker(received);
    if (message === undefined) return 'an invalid message';
    if (message.type === 'status') {
      const { type, request, status } = message;
      const whole = this.#questions.statuses.end(request, status);
      if (whole === undefined) return 'a status that nobody had asked for, or that counts back';
      this.#heard({ type, request, status: whole });
      return undefined;
    }
    if (!this.#questions.allow(message)) return `a message that nobody had asked for (${message.type})`;
    if (message.type !== 'status-ports') this.#heard(message);
    return undefined;
  }
}
