/**
 * The one catalogue of what can go wrong outside a request: a code, and what the operator should do.
 * `docs/errors.md` lists exactly these (a test holds the two equal). What goes wrong inside a request is in
 * `proxy/refuse.ts`.
 */
export const ERRORS = {
  usage: 'Run `metasteer help`.',
  unexpected: 'Report it with the lines shown.',
  'config-unreadable': 'Check the path and that root may read the file.',
  'config-syntax': 'Mend the YAML at the line shown.',
  'config-unknown-key': 'Use the key suggested, or remove the line. docs/configuration.md lists all keys.',
  'config-missing-key': 'Add the key shown. docs/configuration.md lists all keys.',
  'config-invalid-value': 'Change the value at the line shown to what is expected.',
  'config-secret-exposed': 'Take the permissions of others away: `chmod o= FILE`.',
  'not-root': 'Run it as root: it loads BPF programs and enters network namespaces.',
  'doctor-failed': 'Do what is said beside each that failed, and run the doctor again.',
  'kernel-no-bpf':
    'Use a kernel with CONFIG_BPF_SYSCALL and CONFIG_NET_CLS_BPF, 5.10 or newer, and allow bpf() in this container.',
  'kernel-no-tcx': 'Set `steering.attach: auto` or `clsact`: this kernel has no tcx links (6.6 or newer has).',
  'kernel-no-clsact': 'Load the modules sch_ingress and cls_bpf, or set `steering.attach` to `auto` or `tcx`.',
  'kernel-no-macvlan': 'Load the module macvlan.',
  'bpf-load-failed': 'Report it with the kernel version and the verifier lines shown.',
  'not-built': 'Run `npm run setup` (or `npm run build`) first.',
  'lock-held': 'Stop the daemon that holds the lock, or give this one a `run_dir` and `namespace` of its own.',
  'lock-failed': 'Make `run_dir` a directory that root can write to.',
  'namespace-failed':
    'Where the name is somebody else’s, set `namespace` to another; else check that /run/netns can be written to, with CAP_SYS_ADMIN.',
  'worker-user-unknown': 'Set `worker.user` to a user that exists on this machine.',
  'worker-user-root': 'Set `worker.user` to a user other than root: tenants’ bytes are never parsed with privileges.',
  'worker-failed': 'Read the lines the worker logged before this one.',
  'worker-sandbox-refused':
    'Allow the daemon CAP_SYS_ADMIN, PID and mount namespaces, mount, pivot_root and seccomp in its container or unit: docs/install.md has both.',
  'agent-socket-denied': 'Set `worker.user` to the owner of the socket, or let the group or others write to it.',
  'agent-socket-missing': 'Start the metadata agent, or set `agent.socket` to its `metadata_proxy_socket`.',
  'admin-socket-failed': 'Set `admin.socket` to a path in a directory that root can write to.',
  'agent-socket-taken': 'Stop the agent that answers there, or set `socket` to another path.',
  'agent-socket-failed':
    'Set `socket` to a path in a directory the agent’s user can write to, where there is nothing but a socket; only root can give it to other users.',
  'agent-not-running': 'Start it with `metasteer agent -c FILE`, or name its admin socket with `--socket`.',
  'trace-busy': 'Wait until the other trace is over, or stop it.',
  'daemon-not-running': 'Start the daemon with `metasteer run -c FILE`, or name its socket with `--socket`.',
  'daemon-no-answer': 'Try again; when it stays so, read the daemon’s log.',
  'admin-socket-denied': 'Run it as root, or as the owner of the socket.',
  'port-interface-unsuitable': 'Steering needs an Ethernet interface; exclude this one or its router from discovery.',
  'port-device-failed': 'The interface may be a bridge port or carry ipvlan; neither can carry a macvlan device.',
  'port-attach-failed': 'Read the cause; the interface was left as it was and the daemon tries again.',
  'port-listen-failed': 'Read the cause; the interface was left as it was and the daemon tries again.',
  'drain-target-unknown': 'Name an owner, port or interface as `metasteer status` shows it.',
  'reload-failed': 'Read the cause and the log; the configuration before is still in force.',
  'upgrade-refused': 'Read the reason; where versions differ too much, stop the daemon and start the new version.',
  'upgrade-failed': 'Read the cause and the log; the daemon before is still running.',
  'port-limit': 'Raise `steering.ports_max` and restart.',
  'inventory-unreadable': 'Check the path: a regular file of at most 16 MiB that this user may read.',
  'inventory-invalid': 'Mend the inventory at the place shown; docs/inventory.md describes it.',
  'secret-unusable': 'Write the shared secret to a file and name that, or set METASTEER_SHARED_SECRET.',
  'tls-files': 'Check the files named: PEM, readable by this user, the key that of the certificate.',
  'listen-failed': 'Choose another address, port or socket, or stop who uses it.',
  'bench-missing':
    'Run it from a clone of the repository, as root: `npm run setup`, then `npm run bench`; docs/benchmarks.md says what it needs.',
  'bench-failed': 'Read the lines of the harness above; they say what is missing and how to get it.',
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** An error an operator can act on. `message` says what happened, `action` what to do about it. */
export class MetasteerError extends Error {
  override readonly name = 'MetasteerError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get action(): string {
    return ERRORS[this.code];
  }
}

/** The text of anything thrown, for logs and status. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The same with where it comes from, for defects of our own. */
export function stackOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.stack : undefined) ?? messageOf(thrown);
}
