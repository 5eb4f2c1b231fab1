import type { MacAddress } from '../identity/mac-address.ts';
import type { Reason } from './refuse.ts';
import type { Asker, Instance } from './source.ts';

/** What is known of one request, for counters and the access log; filled in on its way. */
export interface RequestRecord {
  readonly startedAt: number;
  readonly method: string;
  /** With its query, which is cut off before anything is written. */
  readonly target: string;
  asker?: Asker;
  instance?: Instance;
  /** MACs of the instance that has the asker's address, where the asker's is none of them. */
  expectedMacs?: readonly MacAddress[];
  /** When nova was asked; 0 for never. */
  askedAt: number;
  /** 0 when the proxy got no response. */
  status: number;
  /** Bytes of the response's body. */
  bytes: number;
  /** Why it ended other than by nova's reply. */
  reason?: Reason;
}
