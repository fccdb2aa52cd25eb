import { type Duplex, duplexPair } from "node:stream";

/**
 * Two connected in-memory streams that end as a TCP connection does: when one side is destroyed or ends, the other
 * reads what was already sent, then the end, and closes.
 */
export function memoryStreamPair(): [Duplex, Duplex] {
  const [near, far] = duplexPair();
  closeWith(near, far);
  closeWith(far, near);
  return [near, far];
}

function closeWith(side: Duplex, other: Duplex): void {
  // A bare duplexPair stays half open for good: its reader sees `end` but never `close`.
  side.once("end", () => side.destroy());
  side.once("close", () => {
    if (!other.destroyed) other.push(null);
  });
}
