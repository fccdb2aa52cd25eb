import {
  counted,
  createFindings,
  defineChecker,
  describeTime,
  type StateEntry,
  valueAt,
} from "../../src/define.ts";

interface Outage {
  /** Retries in a row so far, as the device counts them. */
  retries: number;
  /** When it gave up, if it did. */
  gaveUpAtMs: number | undefined;
}

/**
 * A device whose retries are used up says so once and rests, until somebody connects it again by hand. How large the
 * budget is stands in the header; without it (an unbounded budget) only the resting is judged.
 */
export const gracefulDegradation = defineChecker({
  name: "graceful-degradation",
  guarantee:
    "A device retries up to its budget, then is unavailable exactly once and stays so until told otherwise.",
  statements: [],
  judge({ settings: { retryBudget } }) {
    const outages = new Map<string, Outage>();
    const findings = createFindings();
    const counts = { unavailable: 0, refused: 0, retries: 0 };

    function accuse({ actor, atMs }: StateEntry, fromMs: number | undefined, what: string): void {
      findings.add(atMs, () => ({
        what: `${actor} ${what} (at ${describeTime(atMs)})`,
        actor,
        ...(fromMs === undefined ? {} : { fromMs }),
        untilMs: atMs,
      }));
    }

    function retry(entry: StateEntry, outage: Outage): void {
      outage.retries = (entry.attempt ?? outage.retries) + 1;
      counts.retries += 1;
      if (retryBudget === undefined || outage.retries <= retryBudget) return;
      accuse(entry, undefined, `began retry ${outage.retries}; its budget is ${retryBudget}`);
    }

    function giveUp(entry: StateEntry, outage: Outage): void {
      // A broker that refuses for good is no outage: more retries would not help.
      if (entry.code !== undefined && entry.code !== "CONN_1006") {
        counts.refused += 1;
        return;
      }
      counts.unavailable += 1;
      if (outage.gaveUpAtMs !== undefined) accuse(entry, outage.gaveUpAtMs, "became unavailable once more");
      else if (retryBudget !== undefined && outage.retries < retryBudget) {
        accuse(
          entry,
          undefined,
          `gave up after ${counted(outage.retries, "retry", "retries")}; its budget is ${retryBudget}`,
        );
      }
      outage.gaveUpAtMs = entry.atMs;
    }

    function see(entry: StateEntry): void {
      const outage = valueAt(outages, entry.actor, (): Outage => ({ retries: 0, gaveUpAtMs: undefined }));
      const isByHand = entry.cause === "connectRequested";
      if (entry.from === "unavailable" && !isByHand && !["stopped", "unavailable"].includes(entry.to)) {
        accuse(entry, outage.gaveUpAtMs, `went from unavailable to ${entry.to} without being told to`);
      }
      if (entry.to === "connected" || isByHand) outages.delete(entry.actor);
      else if (entry.to === "backingOff") retry(entry, outage);
      else if (entry.to === "unavailable") giveUp(entry, outage);
    }

    return {
      see(entry) {
        if (entry.type === "state") see(entry);
      },
      conclude: () => ({
        outcome: findings.count > 0 ? "invalid" : counts.unavailable === 0 ? "unknown" : "valid",
        summary:
          findings.count > 0
            ? `${counted(findings.count, "time")} a device did not keep to its retry budget or did not rest.`
            : counts.unavailable === 0
              ? "Nothing to judge: no device used up its retry budget."
              : `${counted(counts.unavailable, "device")} gave up in time, once, and rested.`,
        counts,
        offenders: findings.offenders,
        offenderCount: findings.count,
      }),
    };
  },
});
