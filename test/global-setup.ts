import { optionalSuites } from "./helpers/optional-suites.ts";

/**
 * Says in one line each which optional suites are skipped and why. With STORMFLEET_REQUIRE_OPTIONAL=1 a missing one ends
 * the test run instead, so that CI cannot pass by skipping.
 */
export default function setup(): void {
  const missing = Object.values(optionalSuites).filter((suite) => suite.missing !== undefined);
  if (missing.length > 0 && process.env.STORMFLEET_REQUIRE_OPTIONAL === "1") {
    const reasons = missing.map(({ name, missing: why }) => `${name}: ${why}`).join("; ");
    throw new Error(`STORMFLEET_REQUIRE_OPTIONAL is set, and cannot run: ${reasons}.`);
  }
  for (const { name, missing: why } of missing) process.stderr.write(`Skipped: ${name}, because ${why}.\n`);
}
