import { ackedNotLost } from "../checkers/acked-not-lost.ts";
import { compensationComplete } from "../checkers/compensation-complete.ts";
import { exactlyOnce } from "../checkers/exactly-once.ts";
import { noCrosstalk } from "../checkers/no-crosstalk.ts";
import { topicOrder } from "../checkers/topic-order.ts";
import { uplinkDrain } from "../checkers/uplink-drain.ts";

/** What must hold for messages, with or without faults. */
export const deliveryCheckers = [
  ackedNotLost,
  exactlyOnce,
  topicOrder,
  noCrosstalk,
  compensationComplete,
  uplinkDrain,
] as const;
