import { passThrough, type ToxicType } from "./toxic.ts";

/** Passes everything. */
export const noop: ToxicType<never> = {
  type: "noop",
  attributes: [],
  start: (_attributes, stage) => passThrough(stage),
};
