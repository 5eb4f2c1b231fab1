import { callAsync, cString, room } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';
import { readLink } from './layout.gen.ts';
import { type Link, linkOf } from './links.ts';

/** The macvlan child of a router interface that lives in the metasteer namespace. Owns the device. */
export class PortDevice {
  readonly link: Link;
  readonly #netns: string;

  private constructor(netns: string, link: Link) {
    this.#netns = netns;
    this.link = link;
  }

  /** One that a daemon before this one made. */
  static adopt(portNetns: string, link: Link): PortDevice {
    return new PortDevice(portNetns, link);
  }

  /**
   * Makes the device, down and without ARP.
   *
   * @throws {KernelError} EBUSY when the interface cannot carry a macvlan device, EEXIST when the name is taken.
   */
  static async create(
    router: { readonly netns: string; readonly ifindex: number },
    portNetns: string,
    name: string,
  ): Promise<PortDevice> {
    const created = room('ms_link');
    const paths = [cString(router.netns), cString(portNetns), cString(name)] as const;
    await callAsync('ms_port_create', paths[0], router.ifindex, paths[1], paths[2], created);
    return new PortDevice(portNetns, linkOf(readLink(created)));
  }

  /** Gives it the IPv6 metadata address and sets it up. */
  async up(): Promise<void> {
    await callAsync('ms_port_up', cString(this.#netns), cString(this.link.name));
  }

  /** Gives it another MTU, in bytes. */
  async setMtu(mtu: number): Promise<void> {
    await callAsync('ms_port_mtu', cString(this.#netns), cString(this.link.name), mtu);
  }

  /** False when it has gone with its router interface, even if another of that name has come since. */
  async exists(): Promise<boolean> {
    const found = room('ms_link');
    try {
      await callAsync('ms_link_find', cString(this.#netns), cString(this.link.name), found);
    } catch (error) {
      if (isKernelError(error, 'ENODEV')) return false;
      throw error;
    }
    return linkOf(readLink(found)).ifindex === this.link.ifindex;
  }

  /** Removes it; does nothing when it went with its router interface. */
  async remove(): Promise<void> {
    try {
      await callAsync('ms_port_remove', cString(this.#netns), cString(this.link.name));
    } catch (error) {
      if (!isKernelError(error, 'ENODEV', 'ENOENT')) throw error;
    }
  }
}
