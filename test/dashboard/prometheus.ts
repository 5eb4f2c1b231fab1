/** Debian's Prometheus, asking programs of ours. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { freePort } from '../kit/free-port.ts';
import { until } from '../kit/node.ts';
import { UNPACKED } from '../kit/peers.ts';

export const SCRAPE_SECONDS = 1;

/** One line of a panel. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value; NaN where there was nothing to divide by. */
  readonly points: readonly (readonly [at: number, value: number])[];
}

/** A time to look at, in seconds since 1970. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

interface Answer {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

export class Prometheus {
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  /**
   * @param folder for what it stores
   * @param jobs ports of 127.0.0.1 by the names of jobs
   * @throws {Error} when it does not start, with its last words
   */
  static async start(folder: string, jobs: Readonly<Record<string, number>>): Promise<Prometheus> {
    const port = await freePort();
    const config = {
      global: { scrape_interval: `${SCRAPE_SECONDS}s`, scrape_timeout: `${SCRAPE_SECONDS}s` },
      scrape_configs: Object.entries(jobs).map(([job_name, target]) => ({
        job_name,
        static_configs: [{ targets: [`127.0.0.1:${target}`] }],
      })),
    };
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, stringify(config));
    const options = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`, '--log.level=warn'];
    const child = spawn(join(UNPACKED, 'usr/bin/prometheus'), [...options, `--web.listen-address=127.0.0.1:${port}`], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said = text(child.stderr);
    const prometheus = new Prometheus(child, `http://127.0.0.1:${port}`);
    try {
      await until('Prometheus is ready', async () => (await fetch(`${prometheus.#url}/-/ready`)).ok);
    } catch (error) {
      await prometheus.stop();
      throw new Error(`Prometheus does not start: ${await said}`, { cause: error });
    }
    return prometheus;
  }

  /** @throws {Error} with what Prometheus says is wrong with the query */
  async ask(query: string, { from, to }: Range): Promise<readonly Series[]> {
    const parameters = new URLSearchParams({ query, start: `${from}`, end: `${to}`, step: `${SCRAPE_SECONDS}` });
    const response = await fetch(`${this.#url}/api/v1/query_range`, { method: 'POST', body: parameters });
    const { status, error, data } = (await response.json()) as Answer;
    if (status !== 'success' || data === undefined) throw new Error(`${query}: ${error}`);
    return data.result.map(({ metric, values }) => ({
      labels: metric,
      points: values.map(([at, value]) => [at, Number(value)] as const),
    }));
  }

  /** What of its targets does not answer. */
  async down(): Promise<readonly string[]> {
    const now = Date.now() / 1000;
    const series = await this.ask('up', { from: now, to: now });
    return series.filter(({ points }) => points.at(-1)?.[1] !== 1).map(({ labels }) => `${labels['job']}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }
}
