import type { Asker, Instance } from './source.ts';

/** What is known of an asker. */
export type Resolution =
  | { readonly kind: 'found'; readonly instance: Instance }
  | { readonly kind: 'none' }
  | { readonly kind: 'ambiguous'; readonly count: number };

/** What the request path needs of a resolver. */
export interface ResolverLike {
  /** @throws {SourceError} when it cannot be told */
  resolve(asker: Asker): Promise<Resolution>;
  /** Has the next look-up ask the source. */
  forget(asker: Asker): void;
  /** Numbers for the status, by name. */
  readonly counters: Readonly<object>;
}
