import { connect as connectSocket } from "node:net";
import { type IClientOptions, type IPublishPacket, MqttClient } from "mqtt";
import type { Endpoint } from "../../src/endpoint.ts";

/** An MQTT.js client that does nothing by itself: the test connects, and connects again after `close`. */
export function mqttClient(endpoint: Endpoint, options: IClientOptions = {}): MqttClient {
  const open = () => ("url" in endpoint ? openSocket(endpoint.url) : endpoint.open());
  const client = new MqttClient(open as ConstructorParameters<typeof MqttClient>[0], {
    manualConnect: true,
    reconnectPeriod: 0,
    keepalive: 0,
    resubscribe: false,
    connectTimeout: 20_000,
    log: () => {},
    ...options,
  });
  client.on("error", () => {});
  return client;
}

/** Connects and resolves with Session Present at CONNACK. */
export function connected(client: MqttClient): Promise<boolean> {
  return new Promise((resolve, reject) => {
    client.once("connect", (connack) => resolve(connack.sessionPresent));
    client.once("error", reject);
    client.connect();
  });
}

export async function stopped(clients: readonly MqttClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.endAsync(true)));
}

/** What a client was given, and a promise for the moment when a condition on it holds. */
export function inbox(client: MqttClient) {
  const messages: { readonly topic: string; readonly text: string; readonly packet: IPublishPacket }[] = [];
  let waiting: (() => void)[] = [];
  client.on("message", (topic, payload, packet) => {
    messages.push({ topic, text: payload.toString(), packet });
    for (const check of waiting) check();
  });
  return {
    messages,
    texts: () => messages.map((message) => message.text),
    until(holds: () => boolean): Promise<void> {
      return new Promise((resolve) => {
        const check = () => {
          if (!holds()) return;
          waiting = waiting.filter((other) => other !== check);
          resolve();
        };
        waiting.push(check);
        check();
      });
    },
  };
}

function openSocket(url: string) {
  const { hostname, port } = new URL(url);
  return connectSocket({ host: hostname, port: Number(port), noDelay: true });
}
