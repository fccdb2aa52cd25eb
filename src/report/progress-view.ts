import { createLogUpdate } from "log-update";
import type { Progress } from "../experiment/progress.ts";
import { counted } from "../history/findings.ts";
import { createPaint, wantsColours } from "./colours.ts";
import { formatProgress, formatProgressLine } from "./progress-text.ts";

/** Shows a run while it goes on: in place on a terminal, as a line now and then elsewhere. */
export interface ProgressView {
  begin(
    hypothesis: string,
    facts: {
      readonly devices: number;
      readonly durationMs: number;
      readonly seed: string;
      readonly backend: string;
    },
  ): void;
  show(progress: Progress): void;
  /** A sentence that stays. */
  note(text: string): void;
  end(): void;
}

/** Off a terminal, a line at most this often, and at every change of phase or faults. */
const lineIntervalMs = 5_000;

export function createProgressView(options: {
  readonly stream: NodeJS.WriteStream;
  readonly title: string;
}): ProgressView {
  const { stream, title } = options;
  const paint = createPaint(wantsColours(stream));
  const write = (text: string) => void stream.write(`${text}\n`);
  const begin: ProgressView["begin"] = (hypothesis, { devices, durationMs, seed, backend }) => {
    write(`${paint("bold", title)}  ${hypothesis}`);
    write(
      paint(
        "dim",
        `${counted(devices, "device")} · ${durationMs / 1000} s · backend ${backend} · seed ${seed}`,
      ),
    );
  };
  if (stream.isTTY === true) {
    const live = createLogUpdate(stream);
    return {
      begin,
      show: (progress) => live(formatProgress(progress, paint)),
      note(text) {
        live.clear();
        write(text);
      },
      end: () => live.clear(),
    };
  }
  let lastMs = Number.NEGATIVE_INFINITY;
  let lastSituation = "";
  return {
    begin,
    show(progress) {
      const situation = `${progress.phase} ${progress.faults.join()}`;
      if (situation === lastSituation && progress.elapsedMs - lastMs < lineIntervalMs) return;
      lastSituation = situation;
      lastMs = progress.elapsedMs;
      write(formatProgressLine(progress));
    },
    note: write,
    end: () => {},
  };
}
