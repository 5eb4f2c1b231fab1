import type { Resolver } from './resolver.ts';

/** What the request path needs of a resolver. */
export type ResolverLike = Pick<Resolver, 'resolve' | 'forget' | 'lookupTimes'> & {
  /** Numbers for the status, by name. */
  readonly counters: Readonly<object>;
};
