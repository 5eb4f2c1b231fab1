import { type Answer, HTML, Refusal, unknownError } from './answer.ts';

/** Four pieces of 255 bytes is what nova's database has room for (contract.md 4). */
export const PASSWORD_BYTES_MAX = 4 * 255;

/** A body that was read, or that it had too many bytes to be. */
export type Body = Uint8Array | 'too-large';

/**
 * Passwords that guests posted, at most one for each instance: a guest encrypts it for its owner, and it cannot be
 * changed afterwards. They are lost with the service.
 */
export class Passwords {
  readonly #byInstance = new Map<string, string>();

  /**
   * Answers a request for `password`. The instance must be one that exists, which bounds what is kept.
   *
   * @throws {Refusal} 409 when one is set, 400 when it is too large or the method is another, 500 when it is not UTF-8
   */
  answer(instanceId: string, method: string | undefined, body: Body): Answer {
    const stored = this.#byInstance.get(instanceId);
    if (method === 'GET') return page(stored ?? '');
    if (method !== 'POST') throw new Refusal(400, 'GET and POST only are supported.');
    if (stored !== undefined) throw new Refusal(409, 'There was a conflict when trying to complete your request.');
    if (body === 'too-large' || body.length > PASSWORD_BYTES_MAX) throw new Refusal(400, 'Request is too large.');
    const password = textOf(body);
    // To nova an empty one is none, and may be set again.
    if (password !== '') this.#byInstance.set(instanceId, password);
    return page('');
  }
}

/** Nova's handler sets no type, and its library's default is HTML. */
function page(body: string): Answer {
  return { status: 200, contentType: HTML, body };
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw unknownError();
  }
}
