import type { NoteEntry, RunPhase } from "../history/entry.ts";
import type { Recorder } from "../history/recorder.ts";
import type { Clock } from "../time/clock.ts";

/** Where a run stands, and what it wants said about itself in the report. */
export interface RunLog {
  readonly phase: RunPhase;
  /** Since the phase began, ms. */
  phaseElapsedMs(): number;
  /** True once an interruption was noted. */
  readonly interrupted: boolean;
  enter(phase: RunPhase): void;
  note(kind: NoteEntry["note"], detail: string): void;
  /** Notes, once, that the signal was aborted. */
  noteInterruption(): void;
}

export function createRunLog(clock: Clock, recorder: Recorder, signal: AbortSignal): RunLog {
  let phase: RunPhase = "warm-up";
  let phaseStartMs = clock.monotonicMs();
  let interrupted = false;
  const note: RunLog["note"] = (kind, detail) => recorder.record({ type: "note", note: kind, detail });
  return {
    get phase() {
      return phase;
    },
    phaseElapsedMs: () => clock.monotonicMs() - phaseStartMs,
    get interrupted() {
      return interrupted;
    },
    enter(next) {
      phase = next;
      phaseStartMs = clock.monotonicMs();
      recorder.record({ type: "phase", phase });
    },
    note,
    noteInterruption() {
      if (interrupted || !signal.aborted) return;
      interrupted = true;
      note("interrupted", `The run was interrupted in the phase "${phase}".`);
    },
  };
}
