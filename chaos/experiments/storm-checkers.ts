import { detectionBound } from "../checkers/detection-bound.ts";
import { reconnectBound } from "../checkers/reconnect-bound.ts";
import { deliveryCheckers } from "./delivery-checkers.ts";

/** What must hold when connections break: messages, and the way back. */
export const stormCheckers = [...deliveryCheckers, reconnectBound, detectionBound] as const;
