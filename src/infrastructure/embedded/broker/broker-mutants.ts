import { Aedes } from "aedes";
import memoryPersistence from "aedes-persistence";
import type { World } from "../../../time/world.ts";
import { type BrokerEngine, engineSettings } from "./broker-engine.ts";
import type { Outbox, OutgoingMessage } from "./broker-outbox.ts";
import type { Deliver } from "./broker-persistence.ts";
import { readWholeBuffer } from "./readable-drain.ts";

/** Brokers that are wrong on purpose, so that every checker can be proven. One sentence each. */
export const brokerMutants = {
  "unfixed-persistence":
    "Aedes with its own sessions as published: QoS 2 messages are lost or repeated on resume, and order breaks.",
  "drops-acked": "Loses about 1 in 20 acknowledged messages of QoS 1 and 2 on the way to a subscriber.",
  "doubles-qos2": "Delivers about 1 in 10 QoS 2 messages twice, as two separate exchanges.",
  "reorders-topic": "Swaps about 1 in 10 messages of QoS 1 and 2 with the next one of the same topic.",
  "corrupts-payload":
    "Changes one byte of about 1 in 20 payloads, and hands another 1 in 20 to a subscriber who never asked.",
} as const;

export type BrokerMutant = keyof typeof brokerMutants;

/** Puts itself before `deliver`; `others` are the queues of all persistent sessions. */
export type Tamper = (deliver: Deliver, others: () => Outbox[]) => Deliver;

/** The tampering of a mutant, seeded by the world; without a mutant nothing is touched. */
export function tamperOf(world: World, mutant: BrokerMutant | undefined): Tamper {
  const random = world.random.fork(`broker-mutant/${mutant}`);
  switch (mutant) {
    case "drops-acked":
      return (deliver) => (outbox, message) => {
        if (message.qos === 0 || !random.chance(1 / 20)) deliver(outbox, message);
      };
    case "doubles-qos2":
      return (deliver) => (outbox, message) => {
        deliver(outbox, message);
        if (message.qos === 2 && random.chance(1 / 10)) deliver(outbox, message);
      };
    case "reorders-topic":
      return (deliver) => swapNeighbours(world, deliver);
    case "corrupts-payload":
      return (deliver, others) => (outbox, message) => {
        const draw = random.next();
        deliver(outbox, draw < 1 / 20 ? withFlippedBit(message, random.int(0, 1_000_000)) : message);
        const strangers = others().filter((other) => other !== outbox);
        if (draw > 19 / 20 && strangers.length > 0) deliver(random.pick(strangers), message);
      };
    default:
      return (deliver) => deliver;
  }
}

/** Aedes and its in-memory persistence with no repair but the one that lets it read at all. */
export async function startUnfixedEngine(): Promise<BrokerEngine> {
  // Its types promise a default export that the CommonJS module does not have.
  const persistence = (memoryPersistence as unknown as () => object)();
  const aedes = await Aedes.createBroker({ ...engineSettings, persistence });
  return {
    aedes,
    accept(stream) {
      aedes.handle(readWholeBuffer(stream));
    },
  };
}

/** A message is held back until the next one of its topic has passed, but no longer than this: it must not be lost. */
const holdMs = 2_000;

function swapNeighbours(world: World, deliver: Deliver): Deliver {
  const random = world.random.fork("broker-mutant/held");
  const held = new WeakMap<Outbox, Map<string, () => void>>();
  return (outbox, message) => {
    const byTopic = held.get(outbox) ?? new Map<string, () => void>();
    held.set(outbox, byTopic);
    const letGo = byTopic.get(message.topic);
    if (!letGo && message.qos > 0 && random.chance(1 / 10)) {
      const release = () => {
        world.clock.clearTimeout(timer);
        byTopic.delete(message.topic);
        deliver(outbox, message);
      };
      const timer = world.clock.setTimeout(release, holdMs);
      byTopic.set(message.topic, release);
      return;
    }
    deliver(outbox, message);
    letGo?.();
  };
}

function withFlippedBit(message: OutgoingMessage, draw: number): OutgoingMessage {
  const payload = Buffer.from(message.payload);
  const at = draw % Math.max(1, payload.length);
  payload[at] = (payload[at] ?? 0) ^ 1;
  return { ...message, payload };
}
