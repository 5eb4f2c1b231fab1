import { constants } from 'node:os';

/** By number; where two names share one (EAGAIN and EWOULDBLOCK), the first in the alphabet is used. */
const NAMES = new Map(
  Object.entries(constants.errno)
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([name, value]) => [value, name]),
);

/** The kernel, or the shim on its behalf, refused an operation. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  /** The symbolic errno, such as `EBUSY`. */
  readonly code: string;
  readonly errno: number;
  readonly operation: string;

  constructor(operation: string, errno: number, detail = '') {
    const code = NAMES.get(errno) ?? `errno ${errno}`;
    super(`${operation}: ${code}${detail === '' ? '' : `\n${detail}`}`);
    this.code = code;
    this.errno = errno;
    this.operation = operation;
  }
}

/** Tells whether something thrown is the kernel's refusal for one of these reasons. */
export function isKernelError(thrown: unknown, ...codes: readonly string[]): thrown is KernelError {
  return thrown instanceof KernelError && (codes.length === 0 || codes.includes(thrown.code));
}
