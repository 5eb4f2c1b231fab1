import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Secret } from './settings/secret.ts';

/** Proves to nova that an instance's id comes from an agent: HMAC-SHA256 over the id, in hex (contract.md 2.5). */
export class Signer {
  readonly #key: KeyObject;

  /** @param secret nova's `metadata_proxy_shared_secret`, of which the bytes in UTF-8 are the key */
  constructor(secret: Secret) {
    this.#key = createSecretKey(secret.reveal(), 'utf8');
  }

  sign(instanceId: string): string {
    return createHmac('sha256', this.#key).update(instanceId).digest('hex');
  }
}
