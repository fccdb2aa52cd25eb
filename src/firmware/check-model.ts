import { StormfleetError } from "../errors.ts";
import { isKebabCase } from "../kebab-case.ts";
import type { DeviceModel } from "./model.ts";

/** Names that the topics of a device already use for something else. */
const reservedNames = new Set(["probe", "hello"]);

/** Refuses a model that could not run, with a sentence that names the place and the value. */
export function checkModel(model: DeviceModel): void {
  checkName(`device "${model.name}"`, model.name);
  for (const [name, stream] of Object.entries(model.streams)) {
    const place = `device "${model.name}", stream "${name}"`;
    checkName(place, name);
    checkQos(place, stream.qos);
    if (stream.everyMs !== undefined) checkInterval(place, stream.everyMs);
    if (stream.whenOffline === "store" && stream.qos === 0) {
      refuse(
        place,
        "stores messages but sends them at QoS 0, where nothing tells it that one arrived",
        "Use QoS 1 or 2.",
      );
    }
  }
  for (const [name, command] of Object.entries(model.commands)) {
    const place = `device "${model.name}", command "${name}"`;
    checkName(place, name);
    checkQos(place, command.qos);
    checkInterval(place, command.everyMs);
  }
  if (model.notices) checkInterval(`device "${model.name}", notices`, model.notices.everyMs);
}

function checkName(place: string, name: string): void {
  if (!isKebabCase(name))
    refuse(place, "has a name that is not kebab-case", 'Use a name such as "smart-meter".');
  if (reservedNames.has(name))
    refuse(place, "has a name that Stormfleet uses itself", "Choose another name.");
}

function checkQos(place: string, qos: number): void {
  if (qos !== 0 && qos !== 1 && qos !== 2) refuse(place, `has QoS ${qos}`, "Use 0, 1 or 2.");
}

function checkInterval(place: string, everyMs: number): void {
  if (!(everyMs >= 1 && everyMs <= 86_400_000)) {
    refuse(place, `has an interval of ${everyMs} ms`, "Use 1 ms to 86400000 ms (a day).");
  }
}

function refuse(place: string, what: string, hint: string): never {
  throw new StormfleetError("CONF_1004", `The ${place} ${what}.`, { hint });
}
