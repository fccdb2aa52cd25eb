#!/usr/bin/env node
// Plain JavaScript without any import of ours, so that a Node that is too old still gets as far as the sentence below.
import { existsSync } from "node:fs";

const needed = [22, 18];
const [major, minor] = process.versions.node.split(".").map(Number);

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `Stormfleet needs Node ${needed.join(".")} or later; this is Node ${process.versions.node} (${process.execPath}).\n` +
      "Hint: in a clone, `npm start` and `npx stormfleet` use the Node that npm installed beside it; elsewhere, install a newer one.\n",
  );
  process.exit(64);
}

// In the repository the sources run as they are; the published package carries them compiled.
const source = new URL("../src/cli/main.ts", import.meta.url);
const compiled = new URL("../dist/src/cli/main.js", import.meta.url);
const { main } = await import(existsSync(source) ? source.href : compiled.href);
process.exitCode = await main(process.argv.slice(2));
