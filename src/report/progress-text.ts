import type { Progress } from "../experiment/progress.ts";
import type { LifecycleState } from "../history/entry.ts";
import type { Paint } from "./colours.ts";

const stateLook = {
  connected: { symbol: "█", style: "green", word: "connected" },
  connecting: { symbol: "▓", style: "cyan", word: "connecting" },
  backingOff: { symbol: "▒", style: "yellow", word: "backing off" },
  disconnected: { symbol: "░", style: "red", word: "disconnected" },
  unavailable: { symbol: "✗", style: "red", word: "unavailable" },
  stopped: { symbol: "·", style: "dim", word: "stopped" },
} as const satisfies Record<LifecycleState, { symbol: string; style: string; word: string }>;

const states = Object.keys(stateLook) as readonly LifecycleState[];
const barWidth = 50;

/** The run as a few lines that are redrawn in place. */
export function formatProgress(progress: Progress, paint: Paint): string {
  const { devices, devicesByState, published, acknowledged, delivered, faults } = progress;
  const shown = states.filter((state) => devicesByState[state] > 0);
  const widths = barWidths(shown.map((state) => devicesByState[state] / devices));
  const bar = shown
    .map((state, index) => paint(stateLook[state].style, stateLook[state].symbol.repeat(widths[index] ?? 0)))
    .join("");
  const legend = shown.map((state) => `${devicesByState[state]} ${stateLook[state].word}`).join("  ");
  return [
    "",
    `  ${phaseText(progress)}   ${faults.length > 0 ? paint("red", `⚡ ${faults.join(", ")}`) : paint("dim", "no fault")}`,
    `  ${bar}`,
    `  ${legend}`,
    `  ${published.toLocaleString("en-US")} published  ${acknowledged.toLocaleString("en-US")} acknowledged  ` +
      `${delivered.toLocaleString("en-US")} delivered`,
  ].join("\n");
}

/** Spreads the bar over shares that add up to 1: at least one symbol for each, and always as many in all. */
function barWidths(shares: readonly number[]): readonly number[] {
  const free = barWidth - shares.length;
  let sum = 0;
  return shares.map((share) => {
    const before = Math.round(sum * free);
    sum += share;
    return 1 + Math.round(sum * free) - before;
  });
}

/** The run as one line, for logs. */
export function formatProgressLine(progress: Progress): string {
  const { elapsedMs, devicesByState, published, acknowledged, delivered, faults } = progress;
  const legend = states
    .filter((state) => devicesByState[state] > 0)
    .map((state) => `${devicesByState[state]} ${stateLook[state].word}`)
    .join(", ");
  return [
    `[${(elapsedMs / 1000).toFixed(1).padStart(5)} s] ${phaseText(progress)}`,
    legend,
    `${published} published, ${acknowledged} acknowledged, ${delivered} delivered`,
    ...(faults.length > 0 ? [`fault: ${faults.join(", ")}`] : []),
  ].join(" · ");
}

function phaseText({ phase, stormElapsedMs, stormDurationMs }: Progress): string {
  if (phase !== "storm") return phase;
  return `storm ${Math.floor(stormElapsedMs / 1000)}/${Math.round(stormDurationMs / 1000)} s`;
}
