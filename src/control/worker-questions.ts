import { type FromWorker, type ToWorker, TRACE_EVENTS_MAX } from '../proxy/messages.ts';
import { StatusAnswers } from './status-answers.ts';

/**
 * What a worker has been asked, and may say therefore. How many messages it may send, and of which kind, follows from it; also
 * where whoever asked does not wait for the answer any more.
 */
export class WorkerQuestions {
  readonly statuses = new StatusAnswers();
  /** The ports it was given, with the number of the message that gave it last. */
  readonly #ports = new Map<number, number>();
  #given = 0;
  readonly #once = new Tally<'start' | 'stop'>();
  readonly #toListen = new Tally<number>();
  /** What #ports had for it when it was asked to drain. */
  readonly #toDrain = new Map<number, (number | undefined)[]>();
  readonly #pings: number[] = [];
  #pinged = 0;
  #traceEvents = 0;
  /** The ping whose answer comes after everything that the worker told of a trace that is over. */
  #traceEnds: number | undefined;

  /** Notes what the worker is asked. */
  ask(message: ToWorker): void {
    switch (message.type) {
      case 'start':
      case 'stop':
        this.#once.add(message.type);
        break;
      case 'add-port': {
        const id = message.port.portId;
        this.#given += 1;
        this.#ports.set(id, this.#given);
        this.#toListen.add(id);
        break;
      }
      case 'remove-port':
        this.#ports.delete(message.portId);
        break;
      case 'drain-port': {
        const { portId } = message;
        this.#toDrain.set(portId, [...(this.#toDrain.get(portId) ?? []), this.#ports.get(portId)]);
        break;
      }
      case 'status':
        this.statuses.ask(message.request, this.#ports.keys());
        break;
      case 'ping':
        this.#pinged += 1;
        this.#pings.push(message.ping);
        break;
      case 'trace':
        if (message.filter !== undefined) this.#traceEvents += TRACE_EVENTS_MAX;
        this.#traceEnds = message.filter !== undefined ? undefined : this.#pinged + 1;
        break;
    }
  }

  /** Whether the worker may say that. It counts as said then. A status is its own matter (`statuses`). */
  allow(message: Exclude<FromWorker, { type: 'status' }>): boolean {
    switch (message.type) {
      case 'started':
        return this.#once.take('start');
      case 'stopped':
        return this.#once.take('stop');
      case 'port-listening':
      case 'port-failed':
        return this.#toListen.take(message.portId);
      case 'port-drained':
        return this.#wasDrained(message.portId);
      case 'status-ports':
        return this.statuses.take(message.request, message.ports);
      case 'pong':
        return this.#answersPing(message.ping);
      case 'traced':
        this.#traceEvents -= 1;
        return this.#traceEvents >= 0;
      case 'front-breach':
        return true;
    }
  }

  /** It has the port no more, unless it was given anew meanwhile. */
  #wasDrained(id: number): boolean {
    const [given, ...others] = this.#toDrain.get(id) ?? [];
    if (!this.#toDrain.has(id)) return false;
    if (others.length > 0) this.#toDrain.set(id, others);
    else this.#toDrain.delete(id);
    if (this.#ports.get(id) === given) this.#ports.delete(id);
    return true;
  }

  #answersPing(ping: number): boolean {
    if (this.#pings.shift() !== ping) return false;
    const answered = this.#pinged - this.#pings.length;
    if (this.#traceEnds !== undefined && answered >= this.#traceEnds) this.#traceEvents = 0;
    return true;
  }
}

/** Things that are awaited, some of them more than once. */
class Tally<Thing> {
  readonly #awaited = new Map<Thing, number>();

  add(thing: Thing): void {
    this.#awaited.set(thing, (this.#awaited.get(thing) ?? 0) + 1);
  }

  /** False for what is not awaited. */
  take(thing: Thing): boolean {
    const count = this.#awaited.get(thing) ?? 0;
    if (count > 1) this.#awaited.set(thing, count - 1);
    else this.#awaited.delete(thing);
    return count > 0;
  }
}
