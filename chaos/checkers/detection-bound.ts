import {
  counted,
  createDistribution,
  createFindings,
  createLinkFaults,
  defineChecker,
  type FaultEntry,
  type HistoryHeader,
  type LinkFault,
  type StateEntry,
} from "../../src/define.ts";

type FaultOnLink = Pick<LinkFault, "id" | "fault" | "effect" | "parameters">;

/** A device that has to notice that its link is dead. */
interface Watch {
  readonly id: number;
  readonly fault: string;
  /** From when on no answer could come. */
  readonly fromMs: number;
  readonly deadlineMs: number;
}

/**
 * The heartbeat is dead when no answer came for its timeout since the last one. Answers may be on their way when a link
 * is silenced, so a device has noticed by the end of the injection plus the timeout; and without a disturbance in the
 * last timeout no device may give up its connection for lack of answers.
 */
export const detectionBound = defineChecker({
  name: "detection-bound",
  guarantee: "A dead link is noticed within the heartbeat timeout, and a live one is not called dead.",
  statements: [],
  judge(header) {
    const { heartbeatTimeoutMs, slackMs } = header.settings;
    const boundMs = heartbeatTimeoutMs + slackMs;
    const faults = createLinkFaults();
    const alarms = createAlarmRule(header);
    const findings = createFindings();
    const detections = createDistribution();
    const connected = new Set<string>();
    const watches = new Map<string, Watch>();
    const counts = { connections: 0, late: 0, falseAlarms: 0, notJudged: 0 };
    let lastMs = 0;

    /** The device has to notice the fault by then, unless it has to notice an earlier one already. */
    function watch(actor: string, fault: FaultOnLink, fromMs: number, deadlineMs: number): void {
      const earlier = watches.get(actor);
      if (!isDeadly(fault) || (earlier !== undefined && earlier.id !== fault.id)) return;
      watches.set(actor, { id: fault.id, fault: fault.fault, fromMs, deadlineMs });
    }

    /** The device has left, or its link is healed, or the history ends: it had until then. */
    function settle(actor: string, atMs: number, noticed: boolean): void {
      const watched = watches.get(actor);
      if (watched === undefined) return;
      watches.delete(actor);
      const { fault, fromMs, deadlineMs } = watched;
      if (noticed) detections.add(Math.max(0, atMs - fromMs));
      if (atMs <= deadlineMs) {
        if (!noticed) counts.notJudged += 1;
        return;
      }
      counts.late += 1;
      const tookMs = Math.round(atMs - fromMs);
      findings.add(deadlineMs, () => ({
        what: noticed
          ? `${actor} noticed the fault ${fault} after ${tookMs} ms; the bound is ${boundMs} ms`
          : `${actor} did not notice the fault ${fault} for ${tookMs} ms; the bound is ${boundMs} ms`,
        actor,
        fromMs,
        untilMs: atMs,
      }));
    }

    function changeState(entry: StateEntry): void {
      const { actor, atMs } = entry;
      const link = faults.linkOf(actor);
      if (entry.from === "connected") {
        connected.delete(actor);
        settle(actor, atMs, entry.to !== "stopped");
        if (entry.cause === "heartbeatTimedOut") judgeAlarm(entry, link);
      }
      if (entry.to !== "connected") return;
      connected.add(actor);
      counts.connections += 1;
      // A handshake may just have made it when the link went dead.
      for (const fault of link === undefined ? [] : faults.active(link)) {
        watch(actor, fault, atMs, atMs + boundMs);
      }
    }

    function judgeAlarm({ actor, atMs }: StateEntry, link: string | undefined): void {
      const sinceMs = atMs - heartbeatTimeoutMs - slackMs;
      const alarm = alarms.judge(sinceMs, link === undefined ? [] : faults.since(link, sinceMs));
      if (alarm === "unclear") counts.notJudged += 1;
      if (alarm !== "false") return;
      counts.falseAlarms += 1;
      findings.add(atMs, () => ({
        what: `${actor} gave up its connection at ${atMs} ms for lack of heartbeats, though its link was alive`,
        actor,
        fromMs: sinceMs,
        untilMs: atMs,
      }));
    }

    function changeFault(entry: FaultEntry): void {
      const { stage, atMs } = entry;
      if (stage === "healing" || stage === "healed") {
        for (const [actor, { id }] of watches) if (id === entry.id) settle(actor, atMs, false);
        return;
      }
      // Some links may be dead before the injection is over, but none has to be.
      const deadlineMs = stage === "injected" ? atMs + boundMs : Number.POSITIVE_INFINITY;
      for (const actor of connected) {
        const link = faults.linkOf(actor);
        if (link !== undefined && entry.links.includes(link)) watch(actor, entry, atMs, deadlineMs);
      }
    }

    return {
      see(entry) {
        lastMs = entry.atMs;
        faults.see(entry);
        if (entry.type === "state") changeState(entry);
        else if (entry.type === "fault") changeFault(entry);
        else if (entry.type === "broker") alarms.noteBroker(entry.event, entry.atMs);
      },
      conclude() {
        for (const actor of [...watches.keys()]) settle(actor, lastMs, false);
        const { connections, late, falseAlarms } = counts;
        const noticed = counted(detections.count, "dead link");
        return {
          outcome: findings.count > 0 ? "invalid" : connections === 0 ? "unknown" : "valid",
          summary:
            connections === 0
              ? "Nothing to judge: no device was ever connected."
              : findings.count > 0
                ? `${late} noticed later than ${boundMs} ms, ${counted(falseAlarms, "false alarm")}.`
                : `${noticed} noticed within ${boundMs} ms, no false alarm.`,
          counts: { detected: detections.count, ...detections.summary(), ...counts },
          offenders: findings.offenders,
          offenderCount: findings.count,
        };
      },
    };
  },
});

/** Whether the fault leaves every connection of its links without answers. */
function isDeadly({ effect, parameters }: FaultOnLink): boolean {
  const { toxicity } = parameters;
  if (typeof toxicity === "number" && toxicity < 1) return false;
  return effect === "silences" || effect === "severs";
}

/** Judges heartbeat alarms by what was on the link in the time that the answers were missing. */
function createAlarmRule({ settings }: HistoryHeader) {
  let brokerLost = false;
  let brokerBackMs = Number.NEGATIVE_INFINITY;
  return {
    noteBroker(event: "lost" | "back", atMs: number): void {
      brokerLost = event === "lost";
      if (event === "back") brokerBackMs = atMs;
    },
    judge(sinceMs: number, recent: readonly LinkFault[]): "right" | "unclear" | "false" {
      if (brokerLost || brokerBackMs >= sinceMs) return "right";
      if (recent.some(({ effect }) => effect !== "delays")) return "right";
      // Below this the answer to one heartbeat comes before the next is sent.
      const harmlessMs = settings.heartbeatTimeoutMs - settings.heartbeatIntervalMs;
      const roundTripMs = recent.reduce((sum, fault) => sum + addedRoundTripMs(fault), 0);
      return roundTripMs < harmlessMs ? "false" : "unclear";
    },
  };
}

/** What the fault adds to a round trip, at worst; infinite when its parameters do not tell. */
function addedRoundTripMs({ parameters }: LinkFault): number {
  const { roundTripMs, latencyMs, jitterMs } = parameters;
  if (typeof roundTripMs === "number") return roundTripMs;
  if (typeof latencyMs !== "number") return Number.POSITIVE_INFINITY;
  return 2 * (latencyMs + (typeof jitterMs === "number" ? jitterMs : 0));
}
