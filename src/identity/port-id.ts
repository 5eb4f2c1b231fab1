declare const brand: unique symbol;

/** Slot of a steered router interface: index into the per-port BPF arrays and key of every per-port table. */
export type PortId = number & { readonly [brand]: 'PortId' };

/**
 * Reads a port's slot.
 *
 * @throws {RangeError} when the value is not an integer of 32 bits without sign.
 */
export function parsePortId(value: number): PortId {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new RangeError(`not a port id: ${value}`);
  return value as PortId;
}
