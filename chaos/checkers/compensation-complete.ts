import {
  counted,
  createDrainWatch,
  createFindings,
  createSequenceSet,
  defineChecker,
  describeDrain,
  describeTime,
  type GapEntry,
  type LoggedEntry,
  type ProcessedEntry,
  valueAt,
} from "../../src/define.ts";

/** How the drain names the stream of compensated messages. */
const downlink = { source: "compensation", stream: "downlink" };

/** A message that the log holds for a device and that the device has not processed. */
interface Open {
  readonly checksum: number;
  readonly atMs: number;
  readonly isAfterDrain: boolean;
}

interface DeviceAccount {
  readonly open: Map<number, Open>;
  readonly processed: ReturnType<typeof createSequenceSet>;
  readonly gaps: GapEntry[];
  highestLogged: number;
  highestProcessed: number;
}

const newAccount = (): DeviceAccount => ({
  open: new Map(),
  processed: createSequenceSet(),
  gaps: [],
  highestLogged: 0,
  highestProcessed: 0,
});

/** A device that was away misses nothing and repeats nothing: the log fills in, and says what it cannot fill in. */
export const compensationComplete = defineChecker({
  name: "compensation-complete",
  guarantee: "Every logged message is processed exactly once and in order, or lies in a reported gap.",
  statements: [],
  judge() {
    const drain = createDrainWatch();
    const accounts = new Map<string, DeviceAccount>();
    const findings = createFindings();
    const counts = { logged: 0, processed: 0, replayed: 0, inGaps: 0, lost: 0, undecided: 0 };
    let doubt = "";

    const accountOf = (device: string) => valueAt(accounts, device, newAccount);
    const accuse = (atMs: number, actor: string, logId: number, what: string) =>
      findings.add(atMs, () => ({ what, actor, logId, untilMs: atMs }));

    function log({ device, id, checksum, atMs }: LoggedEntry): void {
      const account = accountOf(device);
      counts.logged += 1;
      account.open.set(id, { checksum, atMs, isAfterDrain: drain.over });
      account.highestLogged = Math.max(account.highestLogged, id);
    }

    function process({ actor, id, checksum, via, atMs }: ProcessedEntry): void {
      const account = accountOf(actor);
      counts.processed += 1;
      if (via === "replay") counts.replayed += 1;
      const wrong = faultOf(account, id, checksum);
      if (wrong !== undefined)
        accuse(atMs, actor, id, `${actor} processed #${id} ${wrong} (at ${describeTime(atMs)})`);
      account.processed.add(id);
      account.open.delete(id);
      account.highestProcessed = Math.max(account.highestProcessed, id);
    }

    function reportGap(entry: GapEntry): void {
      const { actor, toId, atMs } = entry;
      const account = accountOf(actor);
      account.gaps.push(entry);
      if (toId <= account.highestLogged) return;
      accuse(
        atMs,
        actor,
        toId,
        `${actor} was told that messages to #${toId} are gone; its log ends at #${account.highestLogged}`,
      );
    }

    function settle(device: string, account: DeviceAccount): void {
      for (const [id, { atMs, isAfterDrain }] of account.open) {
        // The device was told of it before it went on, or will be when it comes back.
        const isSkipped = id < account.highestProcessed;
        const state = drain.stateOf(downlink, device);
        if (gapOver(account, id) !== undefined) counts.inGaps += 1;
        else if (isSkipped || (state === "complete" && !isAfterDrain)) {
          counts.lost += 1;
          const how = isSkipped ? `went on to #${account.highestProcessed} without it` : "never processed it";
          findings.add(atMs, () => ({
            what: `#${id} was logged for ${device}, which ${how}`,
            actor: device,
            logId: id,
          }));
        } else if (!isAfterDrain) {
          counts.undecided += 1;
          doubt = describeDrain(state);
        }
      }
    }

    return {
      see(entry) {
        drain.see(entry);
        if (entry.type === "logged") log(entry);
        else if (entry.type === "processed") process(entry);
        else if (entry.type === "gap") reportGap(entry);
      },
      conclude() {
        for (const [device, account] of accounts) settle(device, account);
        const { logged, undecided } = counts;
        return {
          outcome: findings.count > 0 ? "invalid" : logged === 0 || undecided > 0 ? "unknown" : "valid",
          summary: summarise({ ...counts, offenders: findings.count, doubt }),
          counts,
          offenders: findings.offenders,
          offenderCount: findings.count,
        };
      },
    };
  },
});

/** What is wrong with processing this message now; undefined when nothing is. */
function faultOf(account: DeviceAccount, id: number, checksum: number): string | undefined {
  const logged = account.open.get(id);
  if (account.processed.has(id)) return "of its log once more";
  if (logged === undefined) return "which its log does not hold";
  if (logged.checksum !== checksum) return "with a changed payload";
  if (id < account.highestProcessed) return `after #${account.highestProcessed}`;
  return gapOver(account, id) === undefined ? undefined : "which had been reported to it as gone";
}

function gapOver({ gaps }: DeviceAccount, id: number): GapEntry | undefined {
  return gaps.find(({ fromId, toId }) => fromId <= id && id <= toId);
}

interface Found {
  readonly logged: number;
  readonly inGaps: number;
  readonly offenders: number;
  readonly undecided: number;
  readonly doubt: string;
}

function summarise({ logged, inGaps, offenders, undecided, doubt }: Found): string {
  const messages = counted(logged, "logged message");
  if (offenders > 0)
    return `${counted(offenders, "finding")} in ${messages}: not processed exactly once and in order.`;
  if (logged === 0) return "Nothing to judge: the compensation service logged nothing.";
  if (undecided > 0)
    return `${undecided} of ${messages} were not processed, but ${doubt}; let the run drain longer.`;
  const gaps = inGaps > 0 ? `, ${inGaps} of them in reported gaps` : "";
  return `${messages}, all processed once and in order${gaps}.`;
}
