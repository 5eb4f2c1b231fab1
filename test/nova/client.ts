import { type Agent, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { FULL, headersFor } from './sample.ts';

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly agent?: Agent;
}

export interface Reply {
  readonly status: number;
  readonly type: string | undefined;
  readonly bytes: Buffer;
  readonly text: string;
  readonly connection: string | undefined;
}

/** Asks a metadata service, for the instance that has everything unless headers say another. The path is sent as it is. */
export async function ask(url: string, path: string, asked: Ask = {}): Promise<Reply> {
  const { method = 'GET', headers = headersFor(FULL), body, agent } = asked;
  const { hostname, port } = new URL(url);
  const length =
    body === undefined || 'Transfer-Encoding' in headers ? {} : { 'content-length': Buffer.byteLength(body) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ hostname, port, path, method, headers: { ...length, ...headers }, agent: agent ?? false })
      .once('response', resolve)
      .once('error', reject)
      .end(body);
  });
  const bytes = await buffer(response);
  const { 'content-type': type, connection } = response.headers;
  return { status: response.statusCode ?? 0, type, bytes, text: bytes.toString(), connection };
}
