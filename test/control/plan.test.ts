import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plan } from '../../src/control/plan.ts';
import { type FoundInterface, type Port, portKey } from '../../src/control/port.ts';
import { parseMacAddress } from '../../src/identity/mac-address.ts';
import { parseOwnerId } from '../../src/identity/owner-id.ts';
import { parsePortId } from '../../src/identity/port-id.ts';

const NONE = new Set<never>();

function found(
  changes: {
    readonly inode?: number;
    readonly ifindex?: number;
    readonly mac?: string;
    readonly isUp?: boolean;
    readonly hasAddress?: boolean;
  } = {},
): FoundInterface {
  const id = parseOwnerId('11111111-2222-3333-4444-555555555555');
  const mac = parseMacAddress(changes.mac ?? 'fa:16:3e:00:00:01');
  assert.ok(id && mac);
  const each = {
    owner: { kind: 'router', id },
    namespace: `qrouter-${id}`,
    netns: `/run/netns/qrouter-${id}`,
    netnsInode: changes.inode ?? 7,
    link: {
      ifindex: changes.ifindex ?? 2,
      name: 'qr-a',
      mac,
      mtu: 1500,
      isUp: changes.isUp ?? true,
      isEthernet: true,
      hasAddress: changes.hasAddress ?? true,
      kind: 'veth',
    },
  } as const;
  return { ...each, key: portKey(each) };
}

/** The plan looks at nothing else of a port. */
function steering(of: FoundInterface): Port {
  return { id: parsePortId(0), key: portKey(of) } as unknown as Port;
}

describe('the plan', () => {
  const rows: readonly {
    name: string;
    found: readonly FoundInterface[];
    ports?: readonly Port[];
    isDeviceGone?: boolean;
    waiting?: readonly FoundInterface[];
    detach: number;
    attach: number;
  }[] = [
    { name: 'attaches an interface that is new', found: [found()], detach: 0, attach: 1 },
    {
      name: 'leaves an interface alone that is steered',
      found: [found()],
      ports: [steering(found())],
      detach: 0,
      attach: 0,
    },
    { name: 'detaches a port whose interface has gone', found: [], ports: [steering(found())], detach: 1, attach: 0 },
    { name: 'does not attach an interface that is down', found: [found({ isUp: false })], detach: 0, attach: 0 },
    {
      name: 'does not attach an interface without an address of its own, as an HA backup has it',
      found: [found({ hasAddress: false })],
      detach: 0,
      attach: 0,
    },
    {
      name: 'detaches a port whose interface lost its addresses',
      found: [found({ hasAddress: false })],
      ports: [steering(found())],
      detach: 1,
      attach: 0,
    },
    {
      name: 'detaches a port whose interface went down',
      found: [found({ isUp: false })],
      ports: [steering(found())],
      detach: 1,
      attach: 0,
    },
    {
      name: 'replaces a port whose namespace was made again',
      found: [found({ inode: 8 })],
      ports: [steering(found())],
      detach: 1,
      attach: 1,
    },
    {
      name: 'replaces a port whose interface was made again',
      found: [found({ ifindex: 3 })],
      ports: [steering(found())],
      detach: 1,
      attach: 1,
    },
    {
      name: 'replaces a port whose MAC changed',
      found: [found({ mac: 'fa:16:3e:00:00:02' })],
      ports: [steering(found())],
      detach: 1,
      attach: 1,
    },
    {
      name: 'replaces a port whose device has gone',
      found: [found()],
      ports: [steering(found())],
      isDeviceGone: true,
      detach: 1,
      attach: 1,
    },
    {
      name: 'waits with an interface whose next attempt is not due',
      found: [found()],
      waiting: [found()],
      detach: 0,
      attach: 0,
    },
  ];
  for (const row of rows) {
    it(row.name, () => {
      const waiting = new Set((row.waiting ?? []).map(portKey));
      const { detach, attach } = plan(
        row.found,
        row.ports ?? [],
        new Set(row.isDeviceGone === true ? [parsePortId(0)] : []),
        waiting,
      );
      assert.deepEqual([detach.length, attach.length], [row.detach, row.attach]);
    });
  }

  it('of nothing is nothing', () => assert.deepEqual(plan([], [], NONE, NONE), { detach: [], attach: [] }));
});
