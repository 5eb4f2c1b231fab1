/** Every row of ms_steer. */
import type { Row } from './row.ts';
import { STEER_HEADER_ROWS } from './steer-header-rows.ts';
import { STEER_MATCH_ROWS } from './steer-match-rows.ts';
import { STEER_NEIGHBOUR_ROWS } from './steer-neighbour-rows.ts';

export const STEER_ROWS: readonly Row[] = [...STEER_MATCH_ROWS, ...STEER_HEADER_ROWS, ...STEER_NEIGHBOUR_ROWS];
