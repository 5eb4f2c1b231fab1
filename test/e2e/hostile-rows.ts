/** What a worker that was taken over tries, and what stops it: once it has started, and before that. */

/** An errno by its name, or the system call that ended it. */
export type Stopped = `E${string}` | `denied ${string}`;

export interface HostileRow {
  readonly tries: string;
  readonly attempt: string;
  /** By a name of `Targets`, or as it is. */
  readonly text?: string;
  /** `pid` is that of another process of its user. */
  readonly number?: number | 'pid';
  readonly stopped: Stopped;
  /** While it starts, where that is another; `allowed` what Node needs to start, or what is only then in the way of nobody. */
  readonly starting?: Stopped | 'allowed';
}

const DENIED_FILES = { stopped: 'EACCES' } as const;

const processes: readonly HostileRow[] = [
  { tries: 'see another process', attempt: 'see_status', number: 'pid', ...DENIED_FILES, starting: 'ENOENT' },
  { tries: 'count the processes', attempt: 'count_processes', ...DENIED_FILES, starting: 'ESRCH' },
  { tries: 'open another’s memory', attempt: 'open_memory', number: 'pid', ...DENIED_FILES, starting: 'ENOENT' },
  { tries: 'read another’s environment', attempt: 'read_environment', number: 'pid', ...DENIED_FILES, starting: 'ENOENT' }, // biome-ignore format: one row
  { tries: 'list another’s descriptors', attempt: 'list_descriptors', number: 'pid', ...DENIED_FILES, starting: 'ENOENT' }, // biome-ignore format: one row
  {
    tries: 'write its own memory past its pages’ protection',
    attempt: 'open_own_memory',
    ...DENIED_FILES,
    starting: 'EROFS',
  },
  { tries: 'signal another process', attempt: 'signal_process', number: 'pid', stopped: 'denied kill' },
  { tries: 'signal another’s thread', attempt: 'signal_thread', number: 'pid', stopped: 'ESRCH' },
  { tries: 'signal every process', attempt: 'signal_all', stopped: 'denied kill' },
  { tries: 'queue a signal', attempt: 'queue_signal', number: 'pid', stopped: 'denied rt_sigqueueinfo' },
  { tries: 'trace another process', attempt: 'trace_process', number: 'pid', stopped: 'denied ptrace' },
  { tries: 'read another’s memory', attempt: 'vm_read', number: 'pid', stopped: 'denied process_vm_readv' },
  { tries: 'write another’s memory', attempt: 'vm_write', number: 'pid', stopped: 'denied process_vm_writev' },
  { tries: 'hold another process', attempt: 'open_pidfd', number: 'pid', stopped: 'denied pidfd_open' },
  { tries: 'read another’s limits', attempt: 'limit_process', number: 'pid', stopped: 'denied prlimit64' },
  { tries: 'fork', attempt: 'fork_once', stopped: 'denied clone' },
  { tries: 'fork by clone3', attempt: 'fork_by_clone3', stopped: 'ENOSYS' },
  { tries: 'fork twice and outlive its end', attempt: 'fork_twice', text: 'outlives', stopped: 'denied clone' },
  { tries: 'fork into a user namespace', attempt: 'fork_into_user_namespace', stopped: 'denied clone' },
  { tries: 'start a thread', attempt: 'start_thread', stopped: 'EAGAIN', starting: 'allowed' },
  { tries: 'run a program', attempt: 'execute', text: 'node', stopped: 'denied execve' },
  { tries: 'run a program by its folder', attempt: 'execute_at', text: 'node', stopped: 'denied execveat' },
];

const files: readonly HostileRow[] = [
  { tries: 'read a secret beside the agent’s socket', attempt: 'read_file', text: 'secret', ...DENIED_FILES },
  { tries: 'read a file of its user elsewhere', attempt: 'read_file', text: 'elsewhere', ...DENIED_FILES, starting: 'ENOENT' }, // biome-ignore format: one row
  { tries: 'read the users', attempt: 'read_file', text: '/etc/passwd', ...DENIED_FILES, starting: 'ENOENT' },
  { tries: 'list the folder of the agent’s socket', attempt: 'list_folder', text: 'folder', ...DENIED_FILES },
  { tries: 'list the root', attempt: 'list_folder', text: '/', ...DENIED_FILES },
  { tries: 'write the secret', attempt: 'write_file', text: 'secret', stopped: 'EACCES', starting: 'EROFS' },
  {
    tries: 'make a file beside the socket',
    attempt: 'make_file',
    text: 'beside',
    stopped: 'EACCES',
    starting: 'EROFS',
  },
  { tries: 'change its own code', attempt: 'write_file', text: '/metasteer/code/package.json', ...DENIED_FILES },
  { tries: 'remove the agent’s socket', attempt: 'remove_file', text: 'agent', stopped: 'denied unlinkat' },
  { tries: 'open the agent’s socket to all', attempt: 'change_mode', text: 'agent', stopped: 'denied fchmodat' },
];

/** Families of sockets by their number (socket(2)); 1 is a stream, 2 datagrams, 3 raw, 5 packets. */
const FAMILIES: Readonly<Record<string, number>> = {
  'UNIX datagram': 1 | (2 << 8),
  'UNIX packet': 1 | (5 << 8),
  'IPv4 stream': 2 | (1 << 8),
  'IPv4 datagram': 2 | (2 << 8),
  'IPv4 raw': 2 | (3 << 8),
  'IPv6 stream': 10 | (1 << 8),
  'IPv6 datagram': 10 | (2 << 8),
  netlink: 16 | (3 << 8),
  packet: 17 | (3 << 8),
  key: 15 | (3 << 8),
  RDS: 21 | (5 << 8),
  CAN: 29 | (3 << 8),
  TIPC: 30 | (5 << 8),
  bluetooth: 31 | (3 << 8),
  crypto: 38 | (5 << 8),
  vsock: 40 | (1 << 8),
  XDP: 44 | (3 << 8),
};

const sockets: readonly HostileRow[] = [
  { tries: 'reach another socket beside the agent’s', attempt: 'connect_to', text: 'other', stopped: 'denied connect', starting: 'allowed' }, // biome-ignore format: one row
  { tries: 'reach another socket elsewhere', attempt: 'connect_to', text: 'elsewhere.sock', stopped: 'denied connect', starting: 'ENOENT' }, // biome-ignore format: one row
  { tries: 'reach an abstract socket', attempt: 'connect_to', text: '@hostile', stopped: 'denied connect', starting: 'ECONNREFUSED' }, // biome-ignore format: one row
  { tries: 'reach the agent from an address of its own', attempt: 'connect_to', text: 'agent', stopped: 'denied connect', starting: 'allowed' }, // biome-ignore format: one row
  { tries: 'name a socket', attempt: 'bind_socket', stopped: 'denied bind' },
  { tries: 'make a pair of sockets', attempt: 'pair_sockets', stopped: 'denied socketpair' },
  { tries: 'give a socket a BPF program', attempt: 'attach_filter', stopped: 'denied setsockopt' },
  {
    tries: 'give a TCP socket a protocol above it',
    attempt: 'set_tcp_option',
    number: 31,
    stopped: 'denied setsockopt',
  },
  ...Object.entries(FAMILIES).map(
    ([name, number]): HostileRow => ({
      ...{ tries: `open a socket: ${name}`, attempt: 'open_socket', number },
      stopped: 'denied socket',
    }),
  ),
  ...(
    [
      ['unmapping it', 'unpin_by_munmap', 'munmap', 'allowed'],
      ['unmapping from below it', 'unpin_from_below', 'munmap', 'allowed'],
      ['making it writable', 'unpin_by_mprotect', 'mprotect', 'ENOMEM'],
      ['mapping over it', 'unpin_by_mmap', 'mmap', 'allowed'],
      ['moving it', 'unpin_by_moving', 'mremap', 'EFAULT'],
      ['moving a page over it', 'unpin_by_moving_over', 'mremap', 'allowed'],
      ['emptying it', 'unpin_by_madvise', 'madvise', 'ENOMEM'],
    ] as const
  ).map(
    ([how, attempt, call, starting]): HostileRow => ({
      ...{ tries: `change the agent’s address by ${how}`, attempt, stopped: `denied ${call}` },
      // Nothing is there yet.
      starting,
    }),
  ),
];

const NAMESPACES: Readonly<Record<string, number>> = {
  user: 0x10000000,
  network: 0x40000000,
  mount: 0x00020000,
  PID: 0x20000000,
  IPC: 0x08000000,
  UTS: 0x04000000,
  cgroup: 0x02000000,
};

/** Calls that no worker makes. */
const CALLS = [
  ...['bpf', 'perf_event_open', 'keyctl', 'add_key', 'request_key', 'userfaultfd', 'mount', 'umount2', 'pivot_root'],
  ...['chroot', 'init_module', 'finit_module', 'delete_module', 'kexec_load', 'open_by_handle_at', 'name_to_handle_at'],
  ...['fanotify_init', 'inotify_init1', 'memfd_create', 'personality', 'syslog', 'shmget', 'msgget', 'semget'],
  ...['mq_open', 'setuid', 'process_madvise', 'kcmp', 'pidfd_getfd', 'open_tree', 'move_mount', 'fsopen'],
  ...['memfd_secret', 'timer_create', 'signalfd4', 'vmsplice', 'splice', 'remap_file_pages', 'setsid', 'sethostname'],
];

const kernel: readonly HostileRow[] = [
  ...Object.entries(NAMESPACES).map(
    ([name, number]): HostileRow => ({
      ...{ tries: `make a ${name} namespace`, attempt: 'unshare_some', number },
      stopped: 'denied unshare',
    }),
  ),
  { tries: 'enter a namespace', attempt: 'enter_namespace', stopped: 'denied setns' },
  { tries: 'use io_uring', attempt: 'call', text: 'io_uring_setup', stopped: 'ENOSYS' },
  { tries: 'filter its own system calls', attempt: 'call', text: 'seccomp', stopped: 'denied seccomp' },
  { tries: 'live on after a denied call', attempt: 'handle_denials', stopped: 'EINVAL', starting: 'allowed' },
  { tries: 'type into the terminal of the log', attempt: 'type_into_terminal', stopped: 'ENOTTY' },
  { tries: 'let others trace it', attempt: 'set_dumpable', stopped: 'EINVAL' },
  { tries: 'write cores', attempt: 'raise_limit', number: 4, stopped: 'EPERM' },
  { tries: 'write files by raising its limit', attempt: 'raise_limit', number: 1, stopped: 'EPERM' },
  ...CALLS.map((name): HostileRow => {
    return { tries: `call ${name}`, attempt: 'call', text: name, stopped: `denied ${name}` };
  }),
];

export const HOSTILE_ROWS: readonly HostileRow[] = [...processes, ...files, ...sockets, ...kernel];
