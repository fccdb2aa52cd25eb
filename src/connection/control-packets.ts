/*
 * The two packets that MQTT.js sends only together with things that we do not want: its DISCONNECT waits without bound
 * for open acknowledgements, its PUBREL on resume waits for the ones before it. The short forms below are the same
 * bytes in MQTT 3.1.1 (3.14, 3.6) and 5.0 (reason code 0x00 and no properties may be left out).
 */

/** A normal DISCONNECT. */
export const disconnectPacket: Buffer = Buffer.from([0xe0, 0x00]);

/** PUBREL of a packet id, 1 … 65,535. */
export function pubrelPacket(messageId: number): Buffer {
  return Buffer.from([0x62, 0x02, messageId >> 8, messageId & 0xff]);
}
