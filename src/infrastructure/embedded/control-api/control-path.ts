/** The path of a request, decoded and clean; or why it has none. */
export type ControlPath =
  | { readonly kind: "path"; readonly segments: readonly string[] }
  | { readonly kind: "redirect"; readonly location: string }
  | { readonly kind: "malformed" };

/**
 * Reads a request target as the reference's router does: percent-decoded before it is cut into segments (so a
 * parameter cannot contain a slash), and redirected when it is not clean.
 */
export function readControlPath(target: string): ControlPath {
  const origin = target.replace(/^[a-z]+:\/\/[^/?]*/i, "");
  const queryAt = origin.indexOf("?");
  const rawPath = queryAt < 0 ? origin : origin.slice(0, queryAt);
  const query = queryAt < 0 ? "" : origin.slice(queryAt);
  const path = decode(rawPath);
  if (path === undefined) return { kind: "malformed" };
  const clean = cleanPath(path);
  if (clean !== path) {
    return { kind: "redirect", location: clean.split("/").map(encodeURIComponent).join("/") + query };
  }
  return { kind: "path", segments: clean.slice(1).split("/") };
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Go's `path.Clean` on an absolute path, which keeps a slash at the end. */
function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const clean = `/${kept.join("/")}`;
  return path.endsWith("/") && clean !== "/" ? `${clean}/` : clean;
}
