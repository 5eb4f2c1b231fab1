import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '../../src/agent/settings/secret.ts';
import { Signer } from '../../src/agent/sign.ts';

/** Made with `printf %s ID | openssl dgst -sha256 -hmac SECRET`. The last one is case 2 of RFC 4231. */
const vectors: readonly [secret: string, id: string, signature: string][] = [
  [
    'secret',
    'aaaaaaaa-0000-4000-8000-00000000000a',
    '9614d543fabb5bfa4669a2d057631095c4ff89150142e79dffb8acd7ea41fcef',
  ],
  [
    'Geheimnis mit Ümläuten €',
    '7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f',
    '666416cd7703c90887eaf461de6a572e2f3dcc2795539e2e42caef920caf3d94',
  ],
  [
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f',
    '0678c785c899d2e8d987a639db8b81ce82a2c8b2c3b3083305e5203db5eac577',
  ],
  ['Jefe', 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
];

describe('a signature is HMAC-SHA256 in hex of', () => {
  for (const [secret, id, signature] of vectors) {
    test(`${JSON.stringify(id)} with ${JSON.stringify(secret)}`, () => {
      const signer = new Signer(new Secret(secret));
      assert.equal(signer.sign(id), signature);
      assert.equal(signer.sign(id), signature, 'also the second time');
    });
  }
});
