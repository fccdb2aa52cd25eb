import type { CompensationService } from "../compensation/service.ts";
import type { JsonValue } from "../compensation/wire-json.ts";
import { messageOf, StormfleetError } from "../errors.ts";
import type { Allotment } from "../firmware/allocate.ts";
import { createPayloadStream, type PayloadStream } from "../firmware/payload-stream.ts";
import { type Periodic, startPeriodic } from "../firmware/periodic.ts";
import type { Publisher } from "../firmware/publisher.ts";
import type { RunTopics } from "../firmware/run-topics.ts";
import type { QoS } from "../history/entry.ts";
import type { World } from "../time/world.ts";

/** What the backend sends to the devices: commands over MQTT, notices by compensation. */
export interface DownlinkWorkload {
  /** Begins to send, each stream at its own seeded offset. */
  start(allotments: readonly Allotment[]): void;
  stop(): void;
  /** Sends the last command of every wanted command stream at QoS ≥ 1 that sent any; returns who awaits which. */
  sendSentinels(isWanted: (device: string, stream: string) => boolean): readonly SentCommand[];
}

/** The newest command of a stream. */
export interface SentCommand {
  readonly device: string;
  readonly stream: string;
  readonly sequence: number;
}

export interface DownlinkWorkloadOptions {
  readonly topics: RunTopics;
  readonly publisher: Publisher;
  readonly service: CompensationService;
  /** A model's commands or notices cannot be made (CONF_1004). */
  readonly onDefect: (error: StormfleetError) => void;
}

interface CommandStream {
  readonly device: string;
  readonly command: string;
  /** Its name in the history. */
  readonly stream: string;
  readonly topic: string;
  readonly qos: QoS;
  readonly payloads: PayloadStream;
}

export function createDownlinkWorkload(world: World, options: DownlinkWorkloadOptions): DownlinkWorkload {
  const { topics, publisher, service, onDefect } = options;
  const commandStreams: CommandStream[] = [];
  let running: Periodic[] = [];

  /** A model is its author's code; what it throws must not end the process out of a timer. */
  function guarded(what: string, send: () => void): () => void {
    return () => {
      try {
        send();
      } catch (error) {
        const message = `The ${what} could not be made: ${messageOf(error).replace(/\.$/, "")}.`;
        const hint = "Its payload must be made without throwing, and be JSON.";
        onDefect(new StormfleetError("CONF_1004", message, { hint, cause: error }));
      }
    };
  }

  function sending(
    { device, command, stream, topic, qos, payloads }: CommandStream,
    last: boolean,
  ): () => void {
    return guarded(`command "${command}" of the device "${device}"`, () => {
      const data = payloads.next();
      publisher.send(publisher.make(stream, payloads.sequence, topic, qos, data, last));
    });
  }

  function startDevice({ id, model }: Allotment): void {
    const random = world.random.fork(`for/${id}`);
    const begin = (everyMs: number, send: () => void) => {
      running.push(startPeriodic(world.clock, everyMs, random.next() * everyMs, send));
    };
    for (const [command, { qos, everyMs, payload }] of Object.entries(model.commands)) {
      const payloads = createPayloadStream(random.fork(`command/${command}`), {}, payload);
      const topic = topics.down(id, command);
      const stream = { device: id, command, stream: `${command}/${id}`, topic, qos, payloads };
      commandStreams.push(stream);
      begin(everyMs, sending(stream, false));
    }
    if (!model.notices) return;
    const notices = createPayloadStream(random.fork("notices"), {}, model.notices.payload);
    const send = () => void service.publish(id, notices.next() as JsonValue);
    begin(model.notices.everyMs, guarded(`notice of the device "${id}"`, send));
  }

  return {
    start: (allotments) => allotments.forEach(startDevice),
    stop() {
      for (const periodic of running) periodic.stop();
      running = [];
    },
    sendSentinels(isWanted) {
      const used = commandStreams.filter(
        ({ device, stream, qos, payloads }) => qos > 0 && payloads.sequence > 0 && isWanted(device, stream),
      );
      for (const stream of used) sending(stream, true)();
      return used.map(({ device, stream, payloads }) => ({ device, stream, sequence: payloads.sequence }));
    },
  };
}
