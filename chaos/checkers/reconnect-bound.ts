import {
  counted,
  createDistribution,
  createFindings,
  createLinkFaults,
  createTimeFindings,
  type Distribution,
  defineChecker,
  describeSpan,
  type FaultEntry,
  type HistorySettings,
  type LifecycleState,
  type StateEntry,
  stalledDoubt,
} from "../../src/define.ts";

/** A device that has to be back. */
interface Wait {
  readonly fault: string;
  readonly healedAtMs: number;
  /** Until when a device that looked connected may find out that it is not. */
  readonly graceUntilMs: number;
  readonly deadlineMs: number;
  /** False while the device has not left `connected` since before the healing. */
  away: boolean;
}

/**
 * After healing, a device that was away is connected again within what its firmware may need at worst: to notice that
 * the old connection is dead (only where bytes vanished), to see the attempt that was under way time out, to wait
 * through one backoff, and the slack of a busy machine.
 */
export const reconnectBound = defineChecker({
  name: "reconnect-bound",
  guarantee:
    "After a fault heals, every device is connected again within detection, one attempt and one backoff.",
  statements: [],
  judge({ settings }) {
    const faults = createLinkFaults();
    const late = createTimeFindings();
    const boundsMs = new Set<number>();
    const times = createDistribution();
    const states = new Map<string, LifecycleState>();
    const waits = new Map<string, Wait>();
    const counts = { undecided: 0, notJudged: 0 };
    /** Faults that healed while the broker was away: nobody could connect before it is back. */
    let healedWithoutBroker: FaultEntry[] = [];
    let brokerIsLost = false;
    let stopped = false;
    let lastMs = 0;

    function heal(fault: FaultEntry, atMs: number): void {
      const { graceMs, boundMs } = boundsOf(settings, fault);
      const ends = { healedAtMs: atMs, graceUntilMs: atMs + graceMs, deadlineMs: atMs + boundMs };
      for (const [actor, state] of states) {
        const link = faults.linkOf(actor);
        if (link === undefined || !fault.links.includes(link) || state === "stopped") continue;
        const away = state !== "connected";
        if (faults.active(link).length === 0) waits.set(actor, { fault: fault.fault, ...ends, away });
        else if (away) counts.notJudged += 1;
      }
    }

    /** Something else came in between; whether the device would have been back in time cannot be told. */
    function cancel(concerned: (actor: string) => boolean): void {
      for (const [actor, { away }] of waits) {
        if (!concerned(actor)) continue;
        waits.delete(actor);
        if (away) counts.notJudged += 1;
      }
    }

    function changeFault(entry: FaultEntry): void {
      if (entry.stage === "injecting") {
        expire(entry.atMs);
        cancel((actor) => entry.links.includes(faults.linkOf(actor) ?? ""));
      } else if (entry.stage === "healed" && entry.error === undefined) {
        if (brokerIsLost) healedWithoutBroker.push(entry);
        else heal(entry, entry.atMs);
      }
    }

    function changeBroker(event: "lost" | "back", atMs: number): void {
      brokerIsLost = event === "lost";
      if (event === "lost") {
        expire(atMs);
        cancel(() => true);
      } else {
        for (const fault of healedWithoutBroker) heal(fault, atMs);
        healedWithoutBroker = [];
      }
    }

    function changeState({ actor, to, atMs }: StateEntry): void {
      states.set(actor, to);
      const wait = waits.get(actor);
      if (wait === undefined) return;
      if (to === "stopped") cancel((other) => other === actor);
      else if (to === "connected") {
        waits.delete(actor);
        const tookMs = atMs - wait.healedAtMs;
        times.add(tookMs);
        boundsMs.add(Math.round(wait.deadlineMs - wait.healedAtMs));
        if (atMs > wait.deadlineMs) accuse(actor, wait, atMs, `was back only ${Math.round(tookMs)} ms after`);
      } else if (wait.away) return;
      else if (atMs <= wait.graceUntilMs) wait.away = true;
      else waits.delete(actor);
    }

    function accuse(actor: string, wait: Wait, untilMs: number, how: string): void {
      const { fault, healedAtMs: fromMs, deadlineMs } = wait;
      const boundMs = Math.round(deadlineMs - fromMs);
      // A device that has given up is not late but gone: no stall explains that.
      const isGone = states.get(actor) === "unavailable";
      late.add({ order: deadlineMs, boundMs: isGone ? 0 : boundMs, fromMs, untilMs }, () => ({
        what: `${actor} ${how} the fault ${fault} had healed; the bound is ${boundMs} ms`,
        actor,
        fromMs,
        untilMs,
      }));
    }

    /** Settles the waits that are over at the given time: late ones offend, the rest stays. */
    function expire(atMs: number): void {
      for (const [actor, wait] of waits) {
        if (wait.away && atMs <= wait.deadlineMs) continue;
        if (!wait.away && atMs <= wait.graceUntilMs) continue;
        waits.delete(actor);
        if (!wait.away) continue;
        const state = states.get(actor);
        const how =
          state === "unavailable"
            ? "has used up its retry budget (state unavailable) and was not back after"
            : `was still in the state ${state} ${Math.round(lastMs - wait.healedAtMs)} ms after`;
        accuse(actor, wait, lastMs, how);
      }
    }

    function stop(atMs: number): void {
      stopped = true;
      expire(atMs);
      for (const [actor, { away }] of waits) {
        if (away && states.get(actor) === "unavailable") continue;
        waits.delete(actor);
        if (away) counts.undecided += 1;
      }
      // Nothing brings a device back that has given up, so these need no deadline.
      expire(Number.POSITIVE_INFINITY);
    }

    return {
      see(entry) {
        lastMs = entry.atMs;
        faults.see(entry);
        late.see(entry);
        if (stopped) return;
        if (entry.type === "device") states.set(entry.actor, "disconnected");
        else if (entry.type === "state") changeState(entry);
        else if (entry.type === "fault") changeFault(entry);
        else if (entry.type === "broker") changeBroker(entry.event, entry.atMs);
        else if (entry.type === "phase" && entry.phase === "stop") stop(entry.atMs);
      },
      conclude() {
        if (!stopped) stop(lastMs);
        const findings = createFindings();
        const { found, excused } = late.settle(findings);
        const { undecided } = counts;
        const isOpen = undecided > 0 || excused > 0 || times.count === 0;
        return {
          outcome: found > 0 ? "invalid" : isOpen ? "unknown" : "valid",
          summary: summarise({ times, boundsMs: [...boundsMs], late: found, undecided, stalled: excused }),
          counts: {
            reconnected: times.count,
            ...times.summary(),
            late: found,
            ...counts,
            stalled: excused,
          },
          offenders: findings.offenders,
          offenderCount: findings.count,
        };
      },
    };
  },
});

function boundsOf(settings: HistorySettings, { effect }: FaultEntry): { graceMs: number; boundMs: number } {
  const { heartbeatTimeoutMs, handshakeTimeoutMs, backoffLongestMs, slackMs } = settings;
  // Only where bytes vanished without a sign does a device have to find out for itself.
  const detectionMs = effect === "silences" ? heartbeatTimeoutMs : 0;
  return {
    graceMs: detectionMs + slackMs,
    boundMs: detectionMs + handshakeTimeoutMs + backoffLongestMs + slackMs,
  };
}

interface Found {
  readonly times: Distribution;
  /** The bounds that applied, by what the faults did. */
  readonly boundsMs: readonly number[];
  readonly late: number;
  readonly undecided: number;
  /** What cannot be judged, because the harness lagged. */
  readonly stalled: number;
}

function summarise({ times, boundsMs, late, undecided, stalled }: Found): string {
  if (late > 0)
    return `${counted(late, "device was", "devices were")} not back within the bound after healing.`;
  if (undecided > 0) {
    const away = `${counted(undecided, "device was", "devices were")} still away`;
    return `${away} when the run ended before the bound; let the recovery last longer.`;
  }
  if (stalled > 0) return `${counted(stalled, "reconnect")} came late, but ${stalledDoubt}.`;
  if (times.count === 0) return "Nothing to judge: no device had to reconnect after a fault healed.";
  const allowed = [...boundsMs].sort((one, other) => one - other).map(describeSpan);
  const which = allowed.length > 1 ? ", by fault" : "";
  return `${counted(times.count, "reconnect")}: ${times.describe()}; at most ${allowed.join(" or ")} allowed${which}.`;
}
