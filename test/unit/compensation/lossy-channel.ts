import type { Clock } from "../../../src/time/clock.ts";
import type { Random } from "../../../src/time/random.ts";

type Receive = (topic: string, payload: Uint8Array) => void;

/** How bad the way is; all zero is a good one. */
interface Weather {
  readonly loss: number;
  readonly duplication: number;
}

/**
 * The way between one device and the service. Order is kept per connection and topic, as MQTT does; packets of
 * different connections and topics overtake each other, each may be lost or arrive twice.
 */
export interface LossyChannel {
  weather: Weather;
  connect(): void;
  disconnect(): void;
  toService: Receive;
  toDevice: Receive;
}

export function createLossyChannel(
  clock: Clock,
  random: Random,
  ends: { readonly service: Receive; readonly device: Receive },
): LossyChannel {
  let connection = 0;
  let connected = false;
  const freeAtMs = new Map<string, number>();

  function carry(topic: string, payload: Uint8Array, receive: Receive): void {
    if (!connected || random.chance(channel.weather.loss)) return;
    const lane = `${connection} ${topic}`;
    const atMs = Math.max(clock.monotonicMs() + random.int(0, 300), freeAtMs.get(lane) ?? 0);
    freeAtMs.set(lane, atMs);
    const copies = random.chance(channel.weather.duplication) ? 2 : 1;
    // What was on its way when the connection went down still arrives: brokers and sockets hold such packets.
    for (let copy = 0; copy < copies; copy += 1)
      clock.setTimeout(() => receive(topic, payload), atMs - clock.monotonicMs());
  }

  const channel: LossyChannel = {
    weather: { loss: 0, duplication: 0 },
    connect() {
      connection += 1;
      connected = true;
    },
    disconnect() {
      connected = false;
    },
    toService: (topic, payload) => carry(topic, payload, ends.service),
    toDevice: (topic, payload) => carry(topic, payload, ends.device),
  };
  return channel;
}
