import { afterEach } from 'node:test';
import { type Answerer, KeepAliveAgent, OneShotAgent } from '../kit/agents.ts';
import { Worker, type WorkerOptions } from './worker.ts';

const stops: (() => Promise<void>)[] = [];

/** Ends what a test started, last first. To be called once by a test file that uses the functions below. */
export function endAfterEach(): void {
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
}

export async function startWorker(options?: WorkerOptions): Promise<Worker> {
  const worker = await Worker.start(options);
  stops.push(() => worker.stop());
  return worker;
}

export async function startKeepAlive(worker: Worker, answer?: Answerer): Promise<KeepAliveAgent> {
  const agent = await KeepAliveAgent.start(worker.socket, answer);
  stops.push(() => agent.stop());
  return agent;
}

export async function startOneShot(worker: Worker, workers?: number, workSeconds?: number): Promise<OneShotAgent> {
  const agent = await OneShotAgent.start(worker.socket, workers, workSeconds);
  stops.push(() => agent.stop());
  return agent;
}
