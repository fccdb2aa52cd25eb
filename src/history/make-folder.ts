import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those above it; a folder that is there is fine.
 *
 * Not `mkdirSync(path, { recursive: true })`: Node 24 tries for ever where a parent can be neither found nor made, as
 * below `/proc` or in a working directory that was deleted.
 *
 * @throws the system's error (EACCES, ENOENT, ENOTDIR …) as `mkdirSync` does.
 */
export function makeFolder(path: string): void {
  const folder = resolve(path);
  if (isFolder(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else may have made it in between.
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
