import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Refusal } from '../../src/nova/answer.ts';
import { type Body, Passwords } from '../../src/nova/password.ts';
import { NovaService } from '../../src/nova/server.ts';
import { ask } from './client.ts';
import { FULL, headersFor, PLAIN, SAMPLE, SECRET } from './sample.ts';

const bytes = (size: number): Body => Buffer.alloc(size, 'x');

/** What is asked one after the other, and the status or the body of each answer. */
const courses: readonly (readonly [title: string, steps: readonly (readonly [string, Body, number | string])[]])[] = [
  ['is empty until it is set', [['GET', bytes(0), '']]],
  [
    'is set once',
    [
      ['POST', bytes(3), ''],
      ['GET', bytes(0), 'xxx'],
      ['POST', bytes(4), 409],
      ['GET', bytes(0), 'xxx'],
    ],
  ],
  [
    'has at most 1020 bytes',
    [
      ['POST', bytes(1021), 400],
      ['POST', 'too-large', 400],
      ['GET', bytes(0), ''],
      ['POST', bytes(1020), ''],
      ['GET', bytes(0), 'x'.repeat(1020)],
    ],
  ],
  [
    'that is set is in conflict with any other, however large',
    [
      ['POST', bytes(1), ''],
      ['POST', bytes(2000), 409],
    ],
  ],
  [
    'that is empty is none',
    [
      ['POST', bytes(0), ''],
      ['POST', bytes(1), ''],
    ],
  ],
  [
    'that is no UTF-8 makes nova fail',
    [
      ['POST', Buffer.of(0xff), 500],
      ['GET', bytes(0), ''],
    ],
  ],
  [
    'takes no other method',
    [
      ['PUT', bytes(1), 400],
      ['DELETE', bytes(0), 400],
      ['HEAD', bytes(0), 400],
      ['get', bytes(0), 400],
    ],
  ],
];

describe('a password', () => {
  for (const [title, steps] of courses) {
    test(title, () => {
      const passwords = new Passwords();
      for (const [method, body, expected] of steps) {
        assert.deepEqual(outcome(passwords, method, body), expected, method);
      }
    });
  }

  test('of one instance is not that of another', () => {
    const passwords = new Passwords();
    passwords.answer('a', 'POST', bytes(1));
    assert.equal(passwords.answer('b', 'GET', bytes(0)).body, '');
  });

  test('is posted and read over HTTP, at the versions that have it', async () => {
    const nova = await NovaService.start({ inventory: SAMPLE, secret: Buffer.from(SECRET) });
    const path = '/openstack/2013-04-04/password';
    try {
      assert.equal((await ask(nova.url, '/openstack/2012-08-10/password', { method: 'POST', body: 'x' })).status, 404);
      const chunked = { ...headersFor(FULL), 'Transfer-Encoding': 'chunked' };
      assert.equal((await ask(nova.url, path, { method: 'POST', body: 'y'.repeat(9000) })).status, 400);
      assert.equal((await ask(nova.url, path, { method: 'POST', body: 'größe', headers: chunked })).status, 200);
      assert.equal((await ask(nova.url, '/openstack/latest/password')).text, 'größe');
      assert.equal((await ask(nova.url, path, { headers: headersFor(PLAIN) })).text, '');
    } finally {
      await nova.close();
    }
  });
});

function outcome(passwords: Passwords, method: string, body: Body): string | number | Uint8Array {
  try {
    return passwords.answer(FULL, method, body).body;
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return error.status;
  }
}
