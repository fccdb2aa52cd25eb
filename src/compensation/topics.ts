/** What a topic of the protocol carries: two requests to the service, and three kinds of answers to the device. */
export type CompensationChannel = "register" | "registered" | "resume" | "resumed" | "downlink";

/** The topics under one base, such as `sf/<run>/devices`: `<base>/<device>/compensation/<channel>`. */
export interface CompensationTopics {
  /** The topic name of a channel for one device; throws a RangeError for a name that does not fit into a topic. */
  of(device: string, channel: CompensationChannel): string;
  /** What a topic name means, or null when it is none of ours. */
  parse(topic: string): { readonly device: string; readonly channel: CompensationChannel } | null;
  /** What the service subscribes to. */
  readonly serviceFilters: readonly string[];
  /** What a device subscribes to. */
  deviceFilters(device: string): readonly string[];
}

const channels: readonly CompensationChannel[] = ["register", "registered", "resume", "resumed", "downlink"];
const deviceName = /^[A-Za-z0-9._~-]{1,128}$/;

/**
 * The topics of the compensation protocol: `<base>/<device>/compensation/<channel>`.
 *
 * Throws a RangeError when the base is empty, has wildcards, or begins or ends with a slash.
 */
export function compensationTopics(base: string): CompensationTopics {
  if (!/^[^+#/\0]+(\/[^+#/\0]+)*$/.test(base)) throw new RangeError(`"${base}" cannot be a base topic.`);
  const prefix = `${base}/`;
  const of = (device: string, channel: CompensationChannel) => {
    if (!deviceName.test(device)) throw new RangeError(`"${device}" cannot be a device's name in a topic.`);
    return `${prefix}${device}/compensation/${channel}`;
  };
  return {
    of,
    parse(topic) {
      if (!topic.startsWith(prefix)) return null;
      const [device, layer, last, ...rest] = topic.slice(prefix.length).split("/", 4);
      const channel = channels.find((known) => known === last);
      if (device === undefined || channel === undefined || layer !== "compensation") return null;
      if (rest.length > 0) return null;
      return deviceName.test(device) ? { device, channel } : null;
    },
    serviceFilters: [`${prefix}+/compensation/register`, `${prefix}+/compensation/resume`],
    deviceFilters: (device) => [of(device, "registered"), of(device, "resumed"), of(device, "downlink")],
  };
}
