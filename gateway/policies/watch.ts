/**
 * Tells when a folder may have changed. The folder is watched, not its files, and so are the links that lead to it and
 * what they stand in: editors rename, mounted volumes swap a link, a deployment replaces the folder as a whole
 * [policy-files §6]. A watch misses things on some file systems, so the folder is looked at every few seconds as well.
 */
import { type FSWatcher, readlinkSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

export interface FolderWatchOptions {
  /** Something changed and nothing has for a while. */
  readonly changed: () => Promise<unknown>;
  /** Time for a look by other means than the watch. */
  readonly poll: () => Promise<unknown>;
  /** How long nothing must have happened before `changed`; 200 ms unless told. */
  readonly settleMillis?: number;
  /** 5 s unless told. */
  readonly pollMillis?: number;
}

export interface FolderWatch {
  close(): void;
}

const SETTLE_MILLIS = 200;
const POLL_MILLIS = 5_000;
/** Links that lead from one to the next; more are found by polling. */
const MOST_LINKS = 8;

/** Watches until closed; a folder that does not exist is watched for. */
export function watchFolder(directory: string, options: FolderWatchOptions): FolderWatch {
  let watchers: readonly FSWatcher[] = [];
  let settling: NodeJS.Timeout | undefined;
  let isClosed = false;

  const touched = (): void => {
    clearTimeout(settling);
    settling = setTimeout(settled, options.settleMillis ?? SETTLE_MILLIS);
  };
  const settled = (): void => {
    // The name may lead to another folder now. The new watch stands before the old one goes and before anybody reads.
    rewatch();
    void options.changed();
  };
  const rewatch = (): void => {
    const old = watchers;
    watchers = isClosed ? [] : watchersOf(directory, touched);
    for (const watcher of old) watcher.close();
  };
  rewatch();
  const polling = setInterval(() => void options.poll(), options.pollMillis ?? POLL_MILLIS);
  return {
    close() {
      isClosed = true;
      clearTimeout(settling);
      clearInterval(polling);
      rewatch();
    },
  };
}

function watchersOf(directory: string, touched: () => void): FSWatcher[] {
  const watchers = [watching(directory, touched)];
  for (const link of linksTo(directory)) {
    const name = basename(link);
    watchers.push(watching(dirname(link), (changed) => (changed === null || changed === name ? touched() : undefined)));
  }
  return watchers.filter((watcher) => watcher !== undefined);
}

/** The folder's own name, and every link that it stands for on the way to the folder. */
function linksTo(directory: string): string[] {
  const names = [resolve(directory)];
  while (names.length <= MOST_LINKS) {
    const last = names.at(-1) ?? '';
    try {
      names.push(resolve(dirname(last), readlinkSync(last)));
    } catch {
      break;
    }
  }
  return names;
}

/** Undefined when it cannot be watched, or no longer: polling finds what it would have told. */
function watching(path: string, touched: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, (_event, name) => touched(name));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
