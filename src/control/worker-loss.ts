/** Why a worker ended that nobody asked to: the label `reason` of metasteer_workers_lost_total. */
export const WORKER_LOSSES = [
  /** The memory that it shares with its front said what it cannot say. */
  'breach',
  /** It sent the supervisor an invalid message. */
  'message',
  /** It gave no sign of life for too long. */
  'silent',
  /** It made a system call that workers may not make. */
  'denied',
  /** A signal ended it, from outside or by a fault of its own. */
  'signal',
  /** It exited by itself, or could not be started. */
  'exit',
] as const;

export type WorkerLoss = (typeof WORKER_LOSSES)[number];

/** How a worker ended. */
export interface WorkerEnd {
  readonly loss: WorkerLoss;
  /** In words, for the log. */
  readonly how: string;
}
