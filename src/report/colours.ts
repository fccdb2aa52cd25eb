import { styleText } from "node:util";
import type { Outcome } from "../history/checker.ts";

type Style = Parameters<typeof styleText>[0];

/** Paints text where colours are wanted, and leaves it alone elsewhere. */
export type Paint = (style: Style, text: string) => string;

/** `colours` decides; whether the stream can show them is the caller's knowledge. */
export function createPaint(colours: boolean): Paint {
  return colours ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
}

/** Whether a stream is to be coloured: it is a terminal, and neither NO_COLOR (no-color.org) nor a dumb TERM forbids it. */
export function wantsColours(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const { NO_COLOR = "", TERM } = environment;
  return stream.isTTY === true && NO_COLOR === "" && TERM !== "dumb";
}

/** The colour of an outcome; always beside its word, never instead of it. */
export const outcomeStyle: Readonly<Record<Outcome, Style>> = {
  valid: ["bold", "green"],
  invalid: ["bold", "red"],
  unknown: ["bold", "yellow"],
};
