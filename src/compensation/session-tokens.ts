import { createHash, timingSafeEqual } from "node:crypto";
import type { World } from "../time/world.ts";

/** Gives out session tokens and knows them again. A token is good for the device it was issued to, and no other. */
export interface TokenIssuer {
  /** A token for the device, which replaces its earlier one; the same request gets the same token again. */
  issue(device: string, requestId: string): string;
  /** Whether this is the device's current token. Takes the same time for every wrong token of a device. */
  verify(device: string, token: string): boolean;
}

export interface SessionTokenOptions {
  /** How long a token is good, in milliseconds. Default 24 h. */
  readonly lifetimeMs?: number;
  /** Past this number the device that registered longest ago is forgotten and must register again. Default 100 000. */
  readonly maxDevices?: number;
}

interface Issued {
  readonly requestId: string;
  readonly token: string;
  readonly digest: Buffer;
  readonly untilMs: number;
}

/** Random tokens, 32 hexadecimal digits, kept in memory. As hard to guess as the world's random source. */
export function createSessionTokens(world: World, options: SessionTokenOptions = {}): TokenIssuer {
  const { lifetimeMs = 24 * 3_600_000, maxDevices = 100_000 } = options;
  const random = world.random.fork("session-tokens");
  const issued = new Map<string, Issued>();
  const expired = ({ untilMs }: Issued) => world.clock.monotonicMs() >= untilMs;
  return {
    issue(device, requestId) {
      const before = issued.get(device);
      if (before?.requestId === requestId && !expired(before)) return before.token;
      const token = random.hex(32);
      issued.delete(device);
      const untilMs = world.clock.monotonicMs() + lifetimeMs;
      issued.set(device, { requestId, token, digest: digestOf(token), untilMs });
      for (const oldest of issued.keys()) {
        if (issued.size <= maxDevices) break;
        issued.delete(oldest);
      }
      return token;
    },
    verify(device, token) {
      const known = issued.get(device);
      if (known === undefined) return false;
      // Digests have one length, so that the comparison tells nothing about the token's.
      return timingSafeEqual(known.digest, digestOf(token)) && !expired(known);
    },
  };
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
