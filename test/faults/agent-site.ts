import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type Answerer, KeepAliveAgent, OneShotAgent } from '../kit/agents.ts';
import { parseResponse, type RawResponse } from '../kit/raw-client.ts';
import { until, Worker, type WorkerOptions } from '../proxy/worker.ts';

/** A worker's request path and the agents it meets in one row. */
export class AgentSite {
  readonly #ends: (() => Promise<void>)[] = [];

  async worker(options?: WorkerOptions): Promise<Worker> {
    const worker = await Worker.start(options);
    this.#ends.push(async () => {
      await until(() => isIdle(worker), 'no request is left over');
      await worker.stop();
    });
    return worker;
  }

  async keepAlive(path: string, answer?: Answerer): Promise<KeepAliveAgent> {
    const agent = await KeepAliveAgent.start(path, answer);
    this.#ends.push(() => agent.stop());
    return agent;
  }

  async oneShot(path: string, workers?: number, workSeconds?: number): Promise<OneShotAgent> {
    const agent = await OneShotAgent.start(path, workers, workSeconds);
    this.#ends.push(() => agent.stop());
    return agent;
  }

  undo(action: () => Promise<void>): void {
    this.#ends.push(action);
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}

/** Runs a row at a site of its own; afterwards nothing that it opened is open. */
export async function atSite(inject: (site: AgentSite) => Promise<void>): Promise<void> {
  const before = descriptors();
  const site = new AgentSite();
  try {
    await inject(site);
  } finally {
    await site.end();
  }
  await until(() => descriptors() <= before, 'no descriptor is left over');
}

function isIdle({ proxy }: Worker): boolean {
  const { connections, agent } = proxy.status();
  return connections === 0 && agent.queued === 0 && agent.exchangesOpen === 0;
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Asks once, on a connection of its own; fails when no whole response comes. */
export async function ask(worker: Worker, method: string, target = '/'): Promise<RawResponse> {
  const body = method === 'POST' ? 'Content-Length: 3\r\n\r\nabc' : '\r\n';
  const text = await worker.raw(`${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${body}`);
  const response = parseResponse(text);
  assert.ok(response, `a whole response, not ${JSON.stringify(text.slice(0, 200))}`);
  return response;
}

/** An agent that is back answers after so long at the latest. */
const RECOVERY_MS = 1000;
const LOOK_MS = 20;

/** Asks until it is answered well, as an instance would: within a second, the agent being there from now on. */
export async function askUntilServed(worker: Worker, target = '/'): Promise<RawResponse> {
  return recovered(async () => {
    const deadline = performance.now() + 15_000;
    for (;;) {
      const response = await ask(worker, 'GET', target);
      if (response.status === 200 || performance.now() > deadline) return response;
    }
  });
}

/** Something that must be there within a second, and the time for which this process could not run meanwhile. */
export async function recovered<T>(what: () => Promise<T>): Promise<T> {
  let stalledMs = 0;
  let lookedAt = performance.now();
  const looks = setInterval(() => {
    const late = performance.now() - lookedAt - LOOK_MS;
    if (late > LOOK_MS) stalledMs += late;
    lookedAt = performance.now();
  }, LOOK_MS);
  const began = performance.now();
  try {
    const result = await what();
    const ms = performance.now() - began;
    assert.ok(ms <= RECOVERY_MS + stalledMs, `${ms} ms after the agent was there, stalled for ${stalledMs} ms of them`);
    return result;
  } finally {
    clearInterval(looks);
  }
}
