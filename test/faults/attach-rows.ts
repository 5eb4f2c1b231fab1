import { execFileSync } from 'node:child_process';
import { KernelError } from '../../src/kernel/kernel-error.ts';
import { type AttachSite, DEVICE, ID } from './attach-site.ts';
import type { FaultRow } from './row.ts';

const ENOMEM = 12;

function outOfMemory(operation: string): () => never {
  return () => {
    throw new KernelError(operation, ENOMEM);
  };
}

/** At once, because what is being attached does not wait: for the n-th time that the namespace is asked for. */
function unplugAt(site: AttachSite, moment: number): (call: number) => void {
  return (call) => {
    if (call !== moment) return;
    site.isGone = true;
    execFileSync('ip', ['-n', site.router.namespace.name, 'link', 'del', site.found.link.name]);
  };
}

const untouched = 'it fails, and everything is as it was';

const before: readonly FaultRow<AttachSite>[] = [
  {
    fault: 'the router’s namespace has gone',
    when: 'before the first step of attaching',
    holds: untouched,
    inject: async (site) => {
      await site.removeRouter();
      await site.fails('port-device-failed');
    },
  },
  {
    fault: 'the router interface has gone',
    when: 'before the first step of attaching',
    holds: untouched,
    inject: async (site) => {
      await site.unplug();
      await site.fails('port-device-failed');
    },
  },
  {
    fault: 'the port device’s name is taken',
    when: 'when it is made',
    holds: `${untouched}; attached once the name is free`,
    inject: async (site) => {
      await site.inPorts('link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', 'other');
      await site.fails('port-device-failed');
      await site.inPorts('link', 'del', DEVICE);
      await site.works();
    },
  },
  {
    fault: 'the router interface is a bridge’s',
    when: 'when its device is made',
    holds: `${untouched}; attached once it is not`,
    inject: async (site) => {
      const { namespace } = site.router;
      await namespace.ip('link', 'add', 'br-test', 'type', 'bridge');
      site.undo(() => namespace.ip('link', 'del', 'br-test'));
      await namespace.ip('link', 'set', site.found.link.name, 'master', 'br-test');
      await site.fails('port-device-failed');
      await namespace.ip('link', 'set', site.found.link.name, 'nomaster');
      await site.works();
    },
  },
  {
    fault: 'the port’s slot cannot be written',
    when: 'after its device was made',
    holds: untouched,
    inject: async (site) => {
      await site.fails('port-attach-failed', { maps: { beginPort: outOfMemory('ms_port_begin') } });
      await site.works();
    },
  },
  {
    fault: 'the map of devices is full',
    when: 'after the slot was written',
    holds: `${untouched}; attached once there is room`,
    inject: async (site) => {
      const { maps } = site.bench.context;
      const others = [1001, 1002, 1003, 1004, 1005];
      const added = others.filter((ifindex) => {
        try {
          maps.addDevice(ifindex, ID);
          return true;
        } catch {
          return false;
        }
      });
      await site.fails('port-device-failed');
      for (const ifindex of added) maps.removeDevice(ifindex);
      await site.works();
    },
  },
];

const between: readonly FaultRow<AttachSite>[] = [
  ...(
    [
      ['its slot is written', 'port-attach-failed', (site) => ({ maps: { beginPort: () => site.unplug() } })],
      ['its device is guarded', 'port-attach-failed', (site) => ({ namespace: { reference: unplugAt(site, 2) } })],
      ['its socket is opened', 'port-listen-failed', (site) => ({ namespace: { reference: unplugAt(site, 3) } })],
      ['the worker takes it', 'port-attach-failed', (site) => ({ workers: { addPort: () => site.unplug() } })],
      ['its program is loaded', 'port-attach-failed', (site) => ({ programs: { loadMatch: () => site.unplug() } })],
    ] as const satisfies readonly (readonly [string, string, (site: AttachSite) => object])[]
  ).map(([when, code, strikes]) => ({
    fault: 'the router interface goes',
    when: `while ${when}`,
    holds: untouched,
    inject: (site: AttachSite) => site.fails(code, strikes(site)),
  })),
  {
    fault: 'the port device’s MAC is another’s',
    when: 'when it is set up',
    holds: untouched,
    inject: async (site) => {
      const { namespace } = site.router;
      const copyMac = async () => {
        const text = await site.inPorts('-j', 'link', 'show', 'dev', DEVICE);
        const [{ address }] = JSON.parse(text) as [{ readonly address: string }];
        const name = site.found.link.name;
        const kind = ['type', 'macvlan', 'mode', 'private'];
        await namespace.ip('link', 'add', 'link', name, 'name', 'twin', 'address', address, ...kind);
        site.undo(() => namespace.ip('link', 'del', 'twin'));
        await namespace.ip('link', 'set', 'twin', 'up');
      };
      await site.fails('port-device-failed', { maps: { beginPort: copyMac } });
    },
  },
  {
    fault: 'the worker refuses the port',
    when: 'after its socket was opened',
    holds: untouched,
    inject: async (site) => {
      const addPort = () => Promise.reject(new Error('no'));
      await site.fails('port-attach-failed', { workers: { addPort } });
      await site.works();
    },
  },
  {
    fault: 'the port’s program cannot be loaded',
    when: 'after the worker has taken the port',
    holds: untouched,
    inject: async (site) => {
      await site.fails('bpf-load-failed', { programs: { loadMatch: outOfMemory('ms_program_load') } });
      await site.works();
    },
  },
  {
    fault: 'undoing a step fails too',
    when: 'after the worker has refused the port',
    holds: 'all other steps are undone',
    inject: async (site) => {
      const addPort = () => Promise.reject(new Error('no'));
      await site.fails('port-attach-failed', { maps: { endPort: outOfMemory('ms_port_end') }, workers: { addPort } });
      await site.works();
    },
  },
];

export const ATTACH_ROWS: readonly FaultRow<AttachSite>[] = [...before, ...between];
