import { type ErrorCode, MetasteerError, messageOf } from '../errors.ts';
import { isKernelError } from '../kernel/kernel-error.ts';
import type { FoundInterface } from './port.ts';

/** What a failing operation of the shim means to an operator: by operation, then by errno; `''` is any other. */
const MEANINGS: Readonly<Record<string, Readonly<Record<string, ErrorCode>>>> = {
  ms_port_create: { EOPNOTSUPP: 'kernel-no-macvlan', '': 'port-device-failed' },
  ms_port_up: { '': 'port-device-failed' },
  ms_program_load: { '': 'bpf-load-failed' },
  ms_device_write: { '': 'port-device-failed' },
  ms_attach: { EOPNOTSUPP: 'kernel-no-tcx', ENOENT: 'kernel-no-clsact', '': 'port-attach-failed' },
  ms_listen: { '': 'port-listen-failed' },
};

/** Turns the failure of one step of an attach into an error of the catalogue. */
export function explained(error: unknown, found: FoundInterface): MetasteerError {
  if (error instanceof MetasteerError) return error;
  const where = `${found.namespace}/${found.link.name}`;
  const meanings = isKernelError(error) ? MEANINGS[error.operation] : undefined;
  const code = isKernelError(error) ? (meanings?.[error.code] ?? meanings?.['']) : undefined;
  return new MetasteerError(code ?? 'port-attach-failed', `${where}: ${messageOf(error)}`, { cause: error });
}
