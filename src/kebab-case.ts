const pattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Whether a name can be part of ids, topics, folders and commands: `smart-meter`, at most 64 characters. */
export function isKebabCase(name: string): boolean {
  return name.length <= 64 && pattern.test(name);
}
