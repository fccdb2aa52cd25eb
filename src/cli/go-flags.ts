/**
 * Lets `stormfleet proxy` take its flags as the reference server does, with one dash or two (`-port 0`, `-port=0`), so
 * that scripts written for `toxiproxy-server` work unchanged.
 */
export function acceptGoFlags(args: readonly string[]): readonly string[] {
  if (args[0] !== "proxy") return args;
  return args.map((arg) => (/^-[a-z][a-z-]+(=|$)/.test(arg) ? `-${arg}` : arg));
}
