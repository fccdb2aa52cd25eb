import {
  counted,
  createDistribution,
  createFindings,
  createLinkFaults,
  createTimeFindings,
  type Distribution,
  defineChecker,
  describeSpan,
  describeTime,
  type FaultEntry,
  type HistoryHeader,
  type LinkFault,
  type StateEntry,
  stalledDoubt,
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
    const late = createTimeFindings();
    const falseAlarms = createTimeFindings();
    const detections = createDistribution();
    const connected = new Set<string>();
    const watches = new Map<string, Watch>();
    const counts = { connections: 0, notJudged: 0 };
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
      const tookMs = Math.round(atMs - fromMs);
      late.add({ order: deadlineMs, boundMs, fromMs, untilMs: atMs }, () => ({
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
      falseAlarms.add({ order: atMs, fromMs: sinceMs, untilMs: atMs }, () => ({
        what: `${actor} gave up its connection at ${describeTime(atMs)} for lack of heartbeats, though its link was alive`,
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
        late.see(entry);
        falseAlarms.see(entry);
        if (entry.type === "state") changeState(entry);
        else if (entry.type === "fault") changeFault(entry);
        else if (entry.type === "broker") alarms.noteBroker(entry.event, entry.atMs);
      },
      conclude() {
        for (const actor of [...watches.keys()]) settle(actor, lastMs, false);
        const findings = createFindings();
        const tooLate = late.settle(findings);
        const wrong = falseAlarms.settle(findings);
        const found: Found = {
          boundMs,
          detections,
          connections: counts.connections,
          late: tooLate.found,
          falseAlarms: wrong.found,
          stalled: tooLate.excused + wrong.excused,
        };
        return {
          outcome:
            findings.count > 0
              ? "invalid"
              : found.stalled > 0 || found.connections === 0
                ? "unknown"
                : "valid",
          summary: summarise(found),
          counts: {
            detected: detections.count,
            ...detections.summary(),
            connections: found.connections,
            late: found.late,
            falseAlarms: found.falseAlarms,
            notJudged: counts.notJudged,
            stalled: found.stalled,
          },
          offenders: findings.offenders,
          offenderCount: findings.count,
        };
      },
    };
  },
});

interface Found {
  readonly boundMs: number;
  readonly detections: Distribution;
  readonly connections: number;
  readonly late: number;
  readonly falseAlarms: number;
  /** What cannot be judged, because the harness lagged. */
  readonly stalled: number;
}

function summarise({ boundMs, detections, connections, late, falseAlarms, stalled }: Found): string {
  const bound = describeSpan(boundMs);
  if (late + falseAlarms > 0) {
    const alarms = counted(falseAlarms, "live link was", "live links were");
    return `${counted(late, "dead link")} not noticed within ${bound}, ${alarms} called dead.`;
  }
  if (connections === 0) return "Nothing to judge: no device was ever connected.";
  if (stalled > 0) return `${counted(stalled, "alarm or delay", "alarms or delays")} while ${stalledDoubt}.`;
  if (detections.count === 0) return `${counted(connections, "connection")}, no dead link, no false alarm.`;
  const noticed = `${counted(detections.count, "dead link")} noticed: ${detections.describe()}`;
  return `${noticed}; at most ${bound} allowed; no false alarm.`;
}

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
