import type { Since } from './openstack-tree.ts';

/** A device of an instance with what the newest version shows of it. */
export interface Device {
  readonly type: 'nic' | 'disk' | 'share';
  readonly bus?: 'pci' | 'usb' | 'scsi' | 'ide' | 'xen' | undefined;
  readonly address?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly mac?: string | undefined;
  readonly vlan?: number | undefined;
  readonly vf_trusted?: boolean | undefined;
  readonly serial?: string | undefined;
  readonly path?: string | undefined;
  readonly share_id?: string | undefined;
  readonly tag?: string | undefined;
}

type Shown = Readonly<Record<string, unknown>>;

/** The `devices` of `meta_data.json` in one version. */
export function devicesOf(devices: readonly Device[], since: Since): readonly Shown[] {
  return devices.flatMap((device) => {
    const own = ownOf(device, since);
    const { bus = 'none', address = 'none', tags } = device;
    return own === undefined ? [] : [{ ...own, bus, address, ...(tags && { tags }) }];
  });
}

/** What is shown of one kind of device alone; undefined where the version does not show the device. */
function ownOf(device: Device, since: Since): Shown | undefined {
  const { type, mac, vlan, vf_trusted = false, serial, path, share_id, tag } = device;
  switch (type) {
    case 'nic': {
      const tagged = {
        ...(since('2017-02-22') && vlan !== undefined && { vlan }),
        ...(since('2018-08-27') && { vf_trusted }),
      };
      // A nic of which there is nothing to say is not mentioned.
      const isShown = device.tags !== undefined || Object.keys(tagged).length > 0;
      return isShown ? { ...tagged, type, mac } : undefined;
    }
    case 'disk':
      return { type, ...(serial !== undefined && { serial }), ...(path !== undefined && { path }) };
    case 'share':
      return since('2025-04-04') ? { type, share_id, tag } : undefined;
  }
}
