import type { IncomingMessage } from "node:http";
import { Refusal } from "../fault-proxy/refusal.ts";

/** The reference has no bound; a populate body of 10,000 proxies stays below this one. */
export const greatestBodyBytes = 1024 * 1024;

/** Reads a body as UTF-8. Rejects with a Refusal: 413 for one above 1 MiB, 400 for one that was cut off. */
export function readRequestBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    request.on("data", (part: Buffer) => {
      sizeBytes += part.length;
      // The rest is still read, and thrown away, so that the client gets to see the answer.
      if (sizeBytes > greatestBodyBytes) reject(tooLarge());
      else parts.push(part);
    });
    request.on("end", () => resolve(Buffer.concat(parts).toString("utf8")));
    request.on("error", () => reject(new Refusal(400, "bad request body: unexpected EOF")));
  });
}

function tooLarge(): Refusal {
  return new Refusal(413, `request body is larger than ${greatestBodyBytes} bytes`);
}
