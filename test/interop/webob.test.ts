/** Random requests through the worker to an agent that parses with the real webob: what it understands is what was meant. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { PythonAgent } from '../../bench/agent/python-agent.ts';
import { unlessThere } from '../kit/peers.ts';
import { parseResponse, type RawClient, type RawResponse } from '../kit/raw-client.ts';
import { ownerOf, until, Worker } from '../proxy/worker.ts';
import { type RandomRequest, randomRequest } from './random-requests.ts';

const CASES = Number(process.env['METASTEER_CASES'] ?? 10_000);
const SEED = Number(process.env['METASTEER_SEED'] ?? 20_261_122);
/** Properties checked at the same time, each with connections of its own. */
const LANES = 12;
const PORTS = 3;
/** Runs of one property between two looks at how many cases there were. */
const RUNS = 25;

/** What a client does on one connection. */
interface Script {
  readonly port: number;
  readonly client: string;
  readonly requests: readonly RandomRequest[];
  /** Sends all requests before it reads. */
  readonly pipelines: boolean;
  /** Where the bytes are cut into segments, as parts of the whole. */
  readonly cuts: readonly number[];
}

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly address: string;
}

interface Count {
  cases: number;
  /** Requests that the agent has answered. */
  meant: number;
}

const script: fc.Arbitrary<Script> = fc.record({
  port: fc.nat(PORTS - 1),
  client: fc.ipV4().map(
    (address) =>
      `127.${address
        .split('.')
        .slice(1)
        .map((part) => (Number(part) % 254) + 1)
        .join('.')}`,
  ),
  requests: fc.array(randomRequest, { minLength: 1, maxLength: 3 }),
  pipelines: fc.boolean(),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
});

for (const generation of ['auto', 'one-shot'] as const) {
  describe(`webob behind us, generation ${generation}`, {
    skip: unlessThere('python3-webob', 'python3-netaddr'),
  }, () => {
    let worker: Worker;
    let agent: PythonAgent;

    before(async () => {
      worker = await Worker.start({ agent: { generation }, access: 'off', ports: PORTS });
      agent = await PythonAgent.start('test/kit/webob-agent.py', worker.socket);
      await worker.raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      await until(() => worker.proxy.status().agent.generation === 'one-shot', 'known as one-shot');
    });
    after(async () => {
      await worker.stop();
      await agent.stop();
    });

    test(`understands ${CASES / 2} requests as they were meant (seed ${SEED})`, async () => {
      const count: Count = { cases: 0, meant: 1 };
      const property = fc.asyncProperty(script, (given) => run(worker, given, count));
      const lane = async (index: number): Promise<void> => {
        for (let round = 0; count.cases < CASES / 2; round += 1) {
          await fc.assert(property, {
            numRuns: RUNS,
            seed: SEED + index * 1_000_000 + round,
            includeErrorInReport: true,
          });
        }
      };
      await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
      await agent.finish();
      assert.deepEqual(agent.told, [{ requests: count.meant, unanswered: 0 }], agent.errors);
    });
  });
}

/** Plays one script and compares all that the agent understood. */
async function run(worker: Worker, given: Script, count: Count): Promise<void> {
  let client = await Client.open(worker, given);
  try {
    if (given.pipelines) await client.send(...given.requests.flatMap(({ head, body }) => [head, body]));
    for (const request of given.requests) {
      if (!given.pipelines) await client.sendOne(request);
      const response = await client.response(request);
      count.cases += 1;
      if (response.headers.has('x-seen')) count.meant += 1;
      judge(response, request, given);
      if (response.headers.get('connection') !== 'close') continue;
      await client.ended();
      if (given.pipelines) break;
      client.close();
      client = await Client.open(worker, given);
    }
  } finally {
    client.close();
  }
}

class Client {
  readonly #client: RawClient;
  readonly #cuts: readonly number[];
  /** How much of what came was read. */
  #taken = 0;

  private constructor(client: RawClient, cuts: readonly number[]) {
    this.#client = client;
    this.#cuts = cuts;
  }

  static async open(worker: Worker, { port, client, cuts }: Script): Promise<Client> {
    return new Client(await worker.open(port, client), cuts);
  }

  /** Sends bytes in segments that have nothing to do with what the bytes mean. */
  send(...parts: readonly Buffer[]): Promise<void> {
    const bytes = Buffer.concat(parts);
    const ends = [...this.#cuts.map((cut) => Math.round(cut * bytes.length)), bytes.length].sort((a, b) => a - b);
    const segments = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
    return this.#client.send(...segments.filter(({ length }) => length > 0));
  }

  async sendOne({ head, body, waits }: RandomRequest): Promise<void> {
    if (!waits) return this.send(head, body);
    await this.send(head);
    await this.#client.until(() => this.#rest.includes('\r\n\r\n'));
    if (this.#rest.startsWith('HTTP/1.1 100 ')) await this.send(body);
  }

  async response({ toHead }: RandomRequest): Promise<RawResponse> {
    for (;;) {
      const parse = () => parseResponse(this.#rest, toHead);
      await this.#client.until(() => parse() !== undefined);
      const response = parse();
      assert.ok(response);
      this.#taken = this.#client.text.length - response.rest.length;
      if (response.status >= 200) return response;
    }
  }

  async ended(): Promise<void> {
    await this.#client.untilClosed();
    assert.equal(this.#rest, '');
  }

  close(): void {
    this.#client.close();
  }

  get #rest(): string {
    return this.#client.text.slice(this.#taken);
  }
}

function judge(response: RawResponse, { meaning, fits, closes }: RandomRequest, { port, client }: Script): void {
  const report = response.headers.get('x-seen');
  if (meaning === undefined) {
    assert.equal(report, undefined, 'a malformed request reached the agent');
    assert.ok([400, 505].includes(response.status), `status ${response.status}`);
    return;
  }
  if (report === undefined) {
    assert.notEqual(fits, true, `status ${response.status} ${response.body}`);
    assert.ok([413, 431].includes(response.status), `status ${response.status} ${response.body}`);
    return;
  }
  assert.notEqual(fits, false, 'it cannot have been read whole');
  const seen = JSON.parse(Buffer.from(report, 'base64').toString()) as Seen;
  const { CONTENT_LENGTH: length, HTTP_HOST: host, HTTP_CONNECTION: _connection, ...headers } = seen.headers;
  assert.deepEqual(
    { ...seen, headers, body: Buffer.from(seen.body, 'base64').toString('latin1') },
    {
      ...meaning,
      body: meaning.body.toString('latin1'),
      headers: { ...meaning.headers, HTTP_X_FORWARDED_FOR: client, HTTP_X_NEUTRON_ROUTER_ID: ownerOf(port) },
      address: client,
    },
  );
  assert.ok(host);
  assert.equal(Number(length ?? 0), meaning.body.length);
  assert.equal(response.status, meaning.path.startsWith('/missing') ? 404 : 200);
  assert.equal(response.body, meaning.method === 'HEAD' ? '' : 'it was understood');
  assert.equal(response.headers.get('connection') === 'close', closes);
}
