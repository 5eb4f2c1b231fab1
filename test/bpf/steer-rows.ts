/** Every row of ms_steer. */
import { FAMILIES, request } from './frames.ts';
import { limitCases } from './limit-rows.ts';
import { dropped, type Row, steered } from './row.ts';
import { STEER_FLOW_ROWS } from './steer-flow-rows.ts';
import { STEER_HEADER_ROWS } from './steer-header-rows.ts';
import { STEER_MATCH_ROWS } from './steer-match-rows.ts';
import { STEER_NEIGHBOUR_ROWS } from './steer-neighbour-rows.ts';
import { STEER_ROUTE_ROWS } from './steer-route-rows.ts';

const STEER_LIMIT_ROWS: readonly Row[] = FAMILIES.flatMap((family) =>
  limitCases(family).map(({ name, over, setup }) => {
    const row = { frame: request(family), setup };
    if (over === undefined)
      return steered({ ...row, name: `${family}: a SYN is steered with ${name}`, verdict: 'steer_syn' });
    return dropped({ ...row, name: `${family}: a SYN is dropped with ${name}`, verdict: `drop_${over}` });
  }),
);

export const STEER_ROWS: readonly Row[] = [
  ...STEER_MATCH_ROWS,
  ...STEER_HEADER_ROWS,
  ...STEER_NEIGHBOUR_ROWS,
  ...STEER_LIMIT_ROWS,
  ...STEER_FLOW_ROWS,
  ...STEER_ROUTE_ROWS,
];
