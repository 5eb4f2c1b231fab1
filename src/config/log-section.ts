import * as z from 'zod';
import { choice } from './values.ts';

/** What is logged, by daemon and agent alike. */
export const logSection = z.strictObject({
  level: choice({
    of: ['trace', 'debug', 'info', 'warn', 'error'],
    default: 'info',
    meaning: 'Least weighty message that is written.',
  }),
  access: choice({
    of: ['off', 'errors', 'all'],
    default: 'errors',
    meaning: 'Requests that get a line in the log: none, those not answered well, or every one.',
  }),
});
