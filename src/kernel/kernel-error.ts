import { constants } from 'node:os';

/** Of two names for one number, the one the kernel's documentation uses for what we call. */
const PREFERRED = ['EAGAIN', 'EOPNOTSUPP'] as const;

const NAMES = new Map([
  ...Object.entries(constants.errno).map(([name, number]) => [number, name] as const),
  ...PREFERRED.map((name) => [constants.errno[name], name] as const),
]);

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
