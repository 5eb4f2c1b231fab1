/**
 * What may be wrong with the memory that the front shares with JavaScript, by name: in the log, and as a reason in metrics. Nothing
 * there can be wrong unless memory was overwritten, so the process that finds it ends.
 */
export const FRONT_BREACHES = [
  /** More records or batches were written than there can be. */
  'ring-positions',
  /** A record is not the one that belongs at its place. */
  'record-sequence',
  'record-kind',
  'record-slot',
  'record-generation',
  /** It has more bytes, or fewer, than its kind may have. */
  'record-length',
  /** Its bytes are not where they must be. */
  'record-start',
  /** It is about a port that the process does not listen on. */
  'record-port',
  /** It says something that its kind does not. */
  'record-excess',
  /** An accepted client is none: its descriptor, port number or address. */
  'client',
  /** An operation has a result that it cannot have. */
  'op-result',
] as const;

export type FrontBreach = (typeof FRONT_BREACHES)[number];

/** Ends the process, or whatever uses the front: nothing of it can be believed any more. */
export type BreachHandler = (breach: FrontBreach) => never;
