/** What is at a path of an instance's metadata. */
export interface Document {
  readonly contentType: string;
  readonly body: string | Uint8Array;
  /** Time that nova spends on collecting it. */
  readonly delayMs?: number;
}

/** The one thing in the tree that is not read alone. */
export const PASSWORD = Symbol('password');
