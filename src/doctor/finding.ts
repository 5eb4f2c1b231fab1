/** One thing that was looked at. */
export interface Finding {
  /** What it is of: `kernel`, `limits`, … */
  readonly area: string;
  readonly result: 'ok' | 'warning' | 'failure';
  readonly message: string;
  /** What to do about it; there is one unless all is well. */
  readonly action?: string;
}

export function ok(area: string, message: string): Finding {
  return { area, result: 'ok', message };
}

/** It works, but not as well, or not for long. */
export function warning(area: string, message: string, action: string): Finding {
  return { area, result: 'warning', message, action };
}

/** It does not work. */
export function failure(area: string, message: string, action: string): Finding {
  return { area, result: 'failure', message, action };
}
