import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrontLink } from '../../src/kernel/front-link.ts';
import { FRONT_OP_KIND } from '../../src/kernel/layout.gen.ts';

const { MS_FRONT_SEND, MS_FRONT_SEND_MORE, MS_FRONT_SHUT } = FRONT_OP_KIND;
const PEER = { fd: 3, address: '10.0.0.5', port: 40000, macOf: () => undefined };

/** A link whose operations a test carries out, as late as it likes. */
class ScriptedFront {
  readonly told: string[] = [];
  readonly link: FrontLink;
  #waiting: { readonly kind: number; readonly bytes: Buffer | undefined }[] = [];

  constructor() {
    this.link = new FrontLink((_, kind, bytes) => this.#waiting.push({ kind, bytes }), 0, 1, 0, PEER);
    const hears = (name: string) => () => void this.told.push(name);
    const user = { received: hears('received'), peerEnded: hears('peerEnded'), gone: hears('gone') };
    this.link.serve({ ...user, stalled: hears('stalled'), drained: hears('drained'), weEnded: hears('weEnded') });
  }

  get waiting(): readonly (readonly [number, string])[] {
    return this.#waiting.map(({ kind, bytes }) => [kind, String(bytes ?? '')] as const);
  }

  /** Carries out what waits, in one batch; each operation has one of the results. */
  carryOut(...results: readonly number[]): void {
    const batch = this.#waiting.splice(0, results.length).map((op, index) => ({ ...op, result: results[index] ?? 0 }));
    const matter = batch.filter(({ bytes, result }) => this.link.carriedOut(bytes, result));
    for (const { kind, bytes, result } of matter) this.link.afterwards(kind, bytes?.length ?? 0, result);
  }
}

describe('a connection that takes bytes again', () => {
  it('gets what it did not take in its order, also what was under way when it told so', () => {
    const front = new ScriptedFront();
    front.link.write(Buffer.from('first'));
    front.link.write(Buffer.from('second'));
    front.carryOut(2);
    // The front told of it before it came to the second, which it did not try to send: only then does the link know.
    front.link.writable();
    front.link.write(Buffer.from('third'));
    assert.deepEqual(front.waiting, [[MS_FRONT_SEND, 'second']]);
    front.carryOut(0);
    assert.deepEqual(front.waiting, [
      [MS_FRONT_SEND_MORE, 'rst'],
      [MS_FRONT_SEND, 'second'],
      [MS_FRONT_SEND, 'third'],
    ]);
    front.carryOut(3, 6, 5);
    assert.equal(front.link.waiting, 0);
    assert.deepEqual(front.told, ['stalled', 'drained']);
  });

  it('is ended behind all of it', () => {
    const front = new ScriptedFront();
    front.link.write(Buffer.from('first'));
    front.link.write(Buffer.from('second'));
    front.link.end(undefined, true);
    front.carryOut(2);
    front.link.writable();
    // It is watched, and not ended while something is still to be sent (-EAGAIN).
    front.carryOut(0, 0, -11);
    assert.deepEqual(front.waiting, [
      [MS_FRONT_SEND_MORE, 'rst'],
      [MS_FRONT_SEND, 'second'],
    ]);
    front.carryOut(3, 6);
    assert.deepEqual(front.waiting.slice(-1), [[MS_FRONT_SHUT, '']]);
  });
});
