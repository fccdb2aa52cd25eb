import { messageOf, StormfleetError } from "../errors.ts";
import type { QoS } from "../history/entry.ts";
import { type Clock, withTimeout } from "../time/clock.ts";
import type { MqttClient } from "./mqtt-client.ts";

export interface Subscriptions {
  /** The filters that a broker without a session is asked for again, with the QoS that was asked for. */
  readonly filters: ReadonlyMap<string, QoS>;
  subscribe(filter: string, qos: QoS): Promise<{ readonly grantedQos: QoS }>;
  unsubscribe(filter: string): Promise<void>;
  /** Subscribes to all filters in one packet. */
  remake(onResult: (result: RemadeSubscription) => void): void;
}

export type RemadeSubscription =
  | { readonly filter: string; readonly grantedQos: QoS }
  | { readonly filter: string; readonly error: StormfleetError };

/** Remembers what was subscribed to, so that a lost session can be made again. */
export function createSubscriptions(parts: {
  readonly clock: Clock;
  readonly client: MqttClient;
  /** How long SUBACK or UNSUBACK may take, in milliseconds. */
  readonly answerTimeoutMs: number;
}): Subscriptions {
  const { client, clock, answerTimeoutMs } = parts;
  const filters = new Map<string, QoS>();

  function answered<T>(work: Promise<T>, what: string): Promise<T> {
    return withTimeout(
      clock,
      answerTimeoutMs,
      work,
      () =>
        new StormfleetError(
          "CONN_1007",
          `Cannot ${what}: the broker did not answer within ${answerTimeoutMs} ms.`,
        ),
    ).catch((error) => {
      throw error instanceof StormfleetError ? error : failure(client, what, messageOf(error));
    });
  }

  return {
    filters,
    async subscribe(filter, qos) {
      const what = `subscribe to "${filter}"`;
      demandConnection(client, what);
      const [code] = await answered(client.subscribe(new Map([[filter, qos]])), what);
      const grantedQos = toGrantedQos(filter, code);
      filters.set(filter, qos);
      return { grantedQos };
    },
    async unsubscribe(filter) {
      const what = `unsubscribe from "${filter}"`;
      demandConnection(client, what);
      await answered(client.unsubscribe(filter), what);
      filters.delete(filter);
    },
    remake(onResult) {
      if (filters.size === 0) return;
      const asked = new Map(filters);
      answered(client.subscribe(asked), `make ${asked.size} subscriptions again`).then(
        (codes) => {
          for (const [index, filter] of [...asked.keys()].entries()) onResult(toRemade(filter, codes[index]));
        },
        (error: StormfleetError) => {
          for (const filter of asked.keys()) onResult({ filter, error });
        },
      );
    },
  };
}

function toRemade(filter: string, code: number | undefined): RemadeSubscription {
  try {
    return { filter, grantedQos: toGrantedQos(filter, code) };
  } catch (error) {
    if (error instanceof StormfleetError) return { filter, error };
    throw error;
  }
}

function toGrantedQos(filter: string, code: number | undefined): QoS {
  if (code === 0 || code === 1 || code === 2) return code;
  throw new StormfleetError("CONN_1007", `Cannot subscribe to "${filter}": the broker answered ${code}.`);
}

function demandConnection(client: MqttClient, what: string): void {
  if (!client.connected) throw new StormfleetError("CONN_1009", `Cannot ${what}: there is no connection.`);
}

function failure(client: MqttClient, what: string, why: string): StormfleetError {
  if (client.connected) return new StormfleetError("CONN_1007", `Cannot ${what}: ${why}.`);
  return new StormfleetError("CONN_1005", `Cannot ${what}: the connection was lost before the answer.`);
}
