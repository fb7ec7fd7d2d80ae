/** A folder of this machine that stands for a path inside the container. */
export interface PathMapping {
  readonly containerPath: string;
  readonly folder: string;
}

/** How a task's own network and file system look from outside of it. */
export interface Namespace {
  /**
   * The task's address, on which it would listen as 0.0.0.0 and reach itself as 127.0.0.1; absent where the container's
   * own addresses are brought there by other means, and its words stay as they are.
   */
  readonly address?: string;
  readonly paths: readonly PathMapping[];
}

const OWN_HOSTS = '(?:0\\.0\\.0\\.0|127\\.0\\.0\\.1|localhost)';
const OWN_ADDRESS = new RegExp(`^${OWN_HOSTS}(?=:\\d{1,5}$)`);
const OWN_ADDRESS_ANYWHERE = new RegExp(`(?<![\\w.-])${OWN_HOSTS}(?=:\\d{1,5}(?!\\d))`, 'g');

/**
 * An environment value as it must read outside of the task. Only whole values change: `host:port` of the task itself,
 * `0.0.0.0`, and paths that lie in its folders. Anything else could be text that merely looks like an address.
 */
export function localizeValue(value: string, namespace: Namespace): string {
  return localizePathList(localize(value, OWN_ADDRESS, namespace), namespace);
}

/** An argument of a command, which runs inside the task: its own `host:port` may stand anywhere in it (`--bind=…`). */
export function localizeArgument(value: string, namespace: Namespace): string {
  return localizePathsAnywhere(localize(value, OWN_ADDRESS_ANYWHERE, namespace), namespace);
}

function localize(value: string, own: RegExp, { address, paths }: Namespace): string {
  if (address === undefined) return localizePath(value, { paths });
  return value === '0.0.0.0' ? address : localizePath(value.replace(own, address), { paths });
}

/** A path inside of the container as a path of this machine, if a volume or the build context lies there. */
export function localizePath(value: string, { paths }: Pick<Namespace, 'paths'>): string {
  // The longest path first: a volume may be mounted within another one.
  for (const { containerPath, folder } of [...paths].sort((a, b) => b.containerPath.length - a.containerPath.length)) {
    const path = containerPath.replace(/(?<!\/)\/+$/, '');
    if (path !== '' && (value === path || value.startsWith(`${path}/`))) return folder + value.slice(path.length);
  }
  return value;
}

/** A list as in PYTHONPATH: paths with colons between them. */
function localizePathList(value: string, namespace: Pick<Namespace, 'paths'>): string {
  const parts = value.split(':');
  if (parts.length < 2 || !parts.every((part) => part === '' || part.startsWith('/'))) return value;
  return parts.map((part) => localizePath(part, namespace)).join(':');
}

/** Paths of the container wherever they begin a word: in the script of a shell, or after `=` or `unix:`. */
function localizePathsAnywhere(value: string, { paths }: Pick<Namespace, 'paths'>): string {
  return value
    .split(/([\s"'`=:;,&|<>()]+)/)
    .map((word) => localizePath(word, { paths }))
    .join('');
}
