/**
 * The CONNACK codes that trying again cannot cure: wrong protocol, client id, credentials or rights, and in 5.0 also
 * malformed packets, bans and features that the server lacks. MQTT 3.1.1 table 3.1, MQTT 5.0 section 3.2.2.2.
 */
const permanentRefusals: ReadonlySet<number> = new Set([
  1, 2, 4, 5, 129, 130, 132, 133, 134, 135, 138, 140, 144, 149, 153, 154, 155, 157,
]);

/** True when the broker will say the same to every retry. */
export function isPermanentRefusal(returnCode: number): boolean {
  return permanentRefusals.has(returnCode);
}
