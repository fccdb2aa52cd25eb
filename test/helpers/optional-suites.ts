import { findProgram } from "./programs.ts";
import { realToxiproxy } from "./toxiproxy-server.ts";

/** A suite that runs only where something is installed. */
export interface OptionalSuite {
  readonly name: string;
  /** Why it cannot run here; undefined when it can. */
  readonly missing: string | undefined;
}

const runtime = (program: string): OptionalSuite => ({
  name: `the command line under ${program}`,
  missing: findProgram(program) ? undefined : `there is no ${program} on the PATH`,
});

export const optionalSuites = {
  toxiproxy: { name: "conformance of a real toxiproxy-server", missing: realToxiproxy.missing },
  bun: runtime("bun"),
  deno: runtime("deno"),
} as const satisfies Record<string, OptionalSuite>;
