/**
 * What a client connection is doing:
 *
 *     reading ─▶ waiting ─▶ (streaming ─▶) (flushing ─▶) reading
 *       any ─▶ closing ─▶ closed
 */
export type ConnectionState = 'reading' | 'waiting' | 'streaming' | 'flushing' | 'closing' | 'closed';
