import { STATUS_CODES } from 'node:http';

export const TEXT = 'text/plain; charset=UTF-8';
export const JSON_TYPE = 'application/json';
export const HTML = 'text/html; charset=UTF-8';

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** A request that gets no document: a status, and what nova says of it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function notFound(): Refusal {
  return new Refusal(404, 'The resource could not be found.');
}

/** Where nova's code throws, or the service has a defect of its own. */
export function unknownError(): Refusal {
  return new Refusal(500, 'An unknown error has occurred. Please try your request again.');
}

/**
 * The page of a refusal: HTML for who takes it (as `requests`, with which agents ask), else JSON, else text, of which
 * nova's library takes away what looks like tags. Weights in `Accept` are not looked at.
 */
export function refusalPage({ status, message }: Refusal, accept = ''): Answer {
  const title = STATUS_CODES[status] ?? '';
  const line = `${status} ${title}`;
  const end = '<br /><br />\n\n\n';
  if (/(?:^|[\s,])(?:\*\/\*|text\/(?:\*|html))/.test(accept)) {
    const head = `<html>\n <head>\n  <title>${line}</title>\n </head>\n`;
    return {
      status,
      contentType: HTML,
      body: `${head} <body>\n  <h1>${line}</h1>\n  ${escaped(message)}${end}\n </body>\n</html>`,
    };
  }
  if (/(?:^|[\s,])application\/(?:\*|json)/.test(accept)) {
    return { status, contentType: JSON_TYPE, body: JSON.stringify({ message: message + end, code: line, title }) };
  }
  return { status, contentType: TEXT, body: `${line}\n\n${message.replaceAll(/<.*?>/gs, '')}\n\n   ` };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
