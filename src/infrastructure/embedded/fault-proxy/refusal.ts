import { type ErrorCode, StormfleetError } from "../../../errors.ts";

/** The fault proxy refuses a request. The message is the `error` member of the control API's answer. */
export class Refusal extends StormfleetError {
  /** The control API's HTTP status. */
  readonly status: number;

  constructor(status: number, message: string, code: ErrorCode = "INFRA_1005") {
    super(code, message);
    this.name = "Refusal";
    this.status = status;
  }
}

export const proxyNotFound = () => new Refusal(404, "proxy not found");
export const toxicNotFound = () => new Refusal(404, "toxic not found");
export const proxyAlreadyExists = () => new Refusal(409, "proxy already exists");
export const toxicAlreadyExists = () => new Refusal(409, "toxic already exists");
export const invalidToxicType = () => new Refusal(400, "invalid toxic type");
export const invalidStream = () =>
  new Refusal(400, "stream was invalid, can be either upstream or downstream");
export const missingField = (field: string) => new Refusal(400, `missing required field: ${field}`);
export const badRequestBody = (detail: string) => new Refusal(400, `bad request body: ${detail}`);
export const cannotListen = (detail: string) => new Refusal(500, detail, "INFRA_1002");
