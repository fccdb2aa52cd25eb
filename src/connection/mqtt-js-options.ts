import type { Will } from "./messages.ts";
import type { PacketIds } from "./packet-ids.ts";
import type { SessionStore } from "./session-store.ts";
import type { OpenStream } from "./transport.ts";

export interface MqttClientOptions {
  readonly openStream: OpenStream;
  readonly clientId: string;
  readonly protocol: "3.1.1" | "5.0";
  readonly session: "clean" | "persistent";
  readonly sessionExpirySeconds: number;
  readonly username?: string | undefined;
  readonly password?: string | Buffer | undefined;
  readonly will?: Will | undefined;
  readonly keepAliveSeconds: number;
  readonly handshakeTimeoutMs: number;
  readonly ids: PacketIds;
  readonly store: SessionStore;
}

/** MQTT.js's own bound on the handshake comes after ours, so that ours decides; it is never needed. */
const handshakeSlackMs = 5_000;

/** The plain options of MQTT.js; its types stay out because only mqtt-client.ts knows MQTT.js. */
export function toMqttJsOptions(options: MqttClientOptions) {
  const { username, password, will } = options;
  const isVersion5 = options.protocol === "5.0";
  return {
    clientId: options.clientId,
    protocolVersion: isVersion5 ? 5 : 4,
    clean: options.session === "clean",
    // In 5.0 a session ends with its connection unless it is given a time.
    ...(isVersion5 &&
      options.session === "persistent" && {
        properties: { sessionExpiryInterval: options.sessionExpirySeconds },
      }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(will !== undefined && { will: { ...will, payload: Buffer.from(will.payload) } }),
    keepalive: options.keepAliveSeconds,
    connectTimeout: options.handshakeTimeoutMs + handshakeSlackMs,
    manualConnect: true,
    reconnectPeriod: 0,
    resubscribe: false,
    timerVariant: "native",
    log: () => {},
  } as const;
}
