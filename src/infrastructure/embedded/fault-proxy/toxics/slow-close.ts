import { passThrough, type ToxicType } from "./toxic.ts";

/** Passes data untouched and holds the end of the stream for `delay` milliseconds (zero or less: not at all). */
export const slowClose: ToxicType<"delay"> = {
  type: "slow_close",
  attributes: ["delay"],
  start({ delay }, stage) {
    return {
      ...passThrough(stage),
      end() {
        if (delay <= 0) return stage.close();
        stage.wait(delay, () => stage.close());
      },
    };
  },
};
