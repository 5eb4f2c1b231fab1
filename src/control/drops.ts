/** Packets dropped on the way in, by the steering program or by the shield. @param packets by verdict (docs/verdicts.md) */
export function droppedPackets(packets: Readonly<Record<string, number>>): number {
  let dropped = 0;
  for (const [verdict, count] of Object.entries(packets)) {
    if (verdict.startsWith('drop_') || (verdict.startsWith('guard_') && verdict !== 'guard_passed')) dropped += count;
  }
  return dropped;
}
