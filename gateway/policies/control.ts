/**
 * Which policy set is in force, and every way in which that changes: the folder's files, a rollback, another process on
 * the same store [policy-files §6]. One change at a time. A set that is not valid changes nothing; a folder whose content
 * was rolled back is left aside until it changes or somebody asks for it; what is in the store outlives the process.
 */
import { join } from 'node:path';
import { errorCode } from '../error-code.ts';
import { LivePolicySets } from '../policy/live-sets.ts';
import { type PolicyFile, type PolicySet, policyCount } from '../policy/model.ts';
import { folderFingerprint, folderStamp, type PolicyFolder, readSettledFolder } from '../policy-folder.ts';
import type { Clock, Log, Metrics, NoteStore } from '../ports.ts';
import {
  EMPTY_HISTORY,
  type HistoryIndex,
  type KeptSet,
  type PolicySource,
  SetHistory,
  setBefore,
  withLoaded,
  withRolledBack,
} from './history.ts';
import { keptInForce, keptSet, type Loaded, type ParseFiles, setOfFolder, shortHash } from './reading.ts';

export interface PolicyControlParts {
  readonly directory: string;
  readonly parse: ParseFiles;
  readonly notes: NoteStore;
  readonly clock: Pick<Clock, 'wall'>;
  readonly metrics: Pick<Metrics, 'policyReload'>;
  readonly log: Log;
  /** Where else a set has to come into force; absent: nowhere. */
  readonly spread?: PolicySpread | undefined;
}

/** The processes that go by the set of this one. */
export interface PolicySpread {
  /** A set is in force here since now; resolves when it is there too. Never rejects. */
  inForce(set: PolicySet, files: readonly PolicyFile[]): Promise<void>;
}

/** Who asked for a change; a word for the log. */
export type AskedBy = 'start' | 'watch' | 'signal' | 'admin api' | 'store';

export type ReloadOutcome =
  | { readonly kind: 'loaded'; readonly hash: string; readonly before: string; readonly warnings: readonly string[] }
  | { readonly kind: 'unchanged'; readonly hash: string }
  /** Sentences, each with its place; the set in force stays. */
  | { readonly kind: 'failed'; readonly hash: string; readonly problems: readonly string[] };

export type RollbackOutcome =
  /** Not kept: the store could not be written, so that a restart would undo it. */
  | { readonly kind: 'rolled-back'; readonly hash: string; readonly before: string; readonly isKept: boolean }
  | { readonly kind: 'nothing-earlier' }
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

export interface PolicyState {
  readonly set: PolicySet;
  /** When it came in force, in wall-clock milliseconds. */
  readonly since: number;
  readonly source: PolicySource;
  /** The set in force first. */
  readonly live: readonly PolicySet[];
  /** What keeps the folder's files from being in force, when they were last looked at; undefined when nothing does. */
  readonly folder: { readonly since: number; readonly problems: readonly string[] } | undefined;
}

export type OpenResult =
  | { readonly kind: 'open'; readonly control: PolicyControl }
  /** Sentences, each with its place. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

export class PolicyControl {
  readonly sets: LivePolicySets;
  readonly #parts: PolicyControlParts;
  readonly #history: SetHistory;
  #index: HistoryIndex;
  /** The index as it stood in the store when it was last seen. */
  #indexText: string | undefined;
  #since: number;
  #source: PolicySource = 'folder';
  #stamp: string;
  /** Fingerprint of the folder's content that was last judged. */
  #judged: string;
  #folderFailure: PolicyState['folder'];
  #last: Promise<unknown> = Promise.resolve();

  private constructor(parts: PolicyControlParts, history: SetHistory, first: PolicySet, seen: Seen) {
    this.#parts = parts;
    this.#history = history;
    this.sets = new LivePolicySets(first);
    this.#index = seen.index;
    this.#indexText = seen.indexText;
    this.#stamp = seen.stamp;
    this.#judged = folderFingerprint(seen.folder);
    this.#since = parts.clock.wall();
  }

  /** Puts the folder's set in force, or the one that a rollback did when the folder still holds what was rolled back. */
  static async open(parts: PolicyControlParts): Promise<OpenResult> {
    const history = new SetHistory(parts.notes);
    const { folder, stamp } = await readSettledFolder(parts.directory);
    const indexText = await history.text().catch(() => undefined);
    const seen = { index: history.read(indexText), indexText, folder, stamp };
    const isRolledBack = folder.kind === 'read' && seen.index.rolledBack === folderFingerprint(folder);
    const read = isRolledBack ? await keptInForce(parts.parse, history, seen.index) : setOfFolder(parts.parse, folder);
    if (read.kind === 'failed') {
      return isRolledBack ? { ...read, problems: [unusable(parts.directory), ...read.problems] } : read;
    }
    const control = new PolicyControl(parts, history, read.set, seen);
    await parts.spread?.inForce(read.set, read.files);
    if (isRolledBack) control.#restored();
    else await control.#recordFirst(read, folder);
    return { kind: 'open', control };
  }

  state(): PolicyState {
    const live = this.sets.live();
    return { set: this.sets.current(), since: this.#since, source: this.#source, live, folder: this.#folderFailure };
  }

  /** The sets that are kept, the one that last came in force by its files first. */
  history(): readonly KeptSet[] {
    return this.#index.sets;
  }

  /** Takes the folder as it stands, rolled back or not. */
  reload(by: AskedBy): Promise<ReloadOutcome> {
    return this.#alone(() => this.#take(by, true));
  }

  /** Takes the folder if it holds something new. */
  look(): Promise<ReloadOutcome> {
    return this.#alone(() => this.#take('watch', false));
  }

  /** The same without reading the files when nothing says that they changed. */
  async poll(): Promise<void> {
    if ((await folderStamp(this.#parts.directory)) !== this.#stamp) await this.look();
  }

  /** Puts the set in force that was before the present one; again: the one before that. */
  rollback(by: AskedBy): Promise<RollbackOutcome> {
    return this.#alone(() => this.#rollBack(by));
  }

  /** Follows what other processes on the same store did; to be called about once a second. */
  async follow(): Promise<void> {
    const text = await this.#history.text();
    if (text !== this.#indexText) await this.#alone(() => this.#adopt());
  }

  /** Changes wait for each other; what the folder holds when its turn comes is what counts. */
  #alone<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #restored(): void {
    const { inForce } = this.#index;
    this.#source = 'rollback';
    this.#since = inForce?.since ?? this.#since;
    this.#folderFailure = { since: this.#since, problems: [ROLLED_BACK] };
    this.#parts.metrics.policyReload('loaded');
    this.#parts.log.warn('policies rolled back earlier stay so', { set: shortHash(this.sets.current().hash) });
  }

  async #recordFirst({ set, warnings }: Loaded, folder: PolicyFolder): Promise<void> {
    const { inForce } = this.#index;
    this.#parts.metrics.policyReload('loaded');
    this.#parts.log.info('policies loaded', { by: 'start', ...counts(set, warnings) });
    if (inForce?.hash === set.hash && inForce.source === 'folder') this.#since = inForce.since;
    else await this.#record(set, filesOf(folder));
  }

  async #take(by: AskedBy, isAskedFor: boolean): Promise<ReloadOutcome> {
    const { folder, stamp } = await readSettledFolder(this.#parts.directory);
    const fingerprint = folderFingerprint(folder);
    const isNew = fingerprint !== this.#judged;
    this.#stamp = stamp;
    this.#judged = fingerprint;
    await this.#adopt();
    const isRolledBack = fingerprint === this.#index.rolledBack;
    if (!isAskedFor && (!isNew || isRolledBack)) return this.#unchanged();
    const isEmptied = filesOf(folder).length === 0 && policyCount(this.sets.current()) > 0;
    if (folder.kind === 'read' && isEmptied && !isAskedFor) return this.#failed(by, [emptied(this.#parts.directory)]);
    const read = setOfFolder(this.#parts.parse, folder);
    if (read.kind === 'failed') return this.#failed(by, read.problems);
    return this.#load(by, read, filesOf(folder));
  }

  async #load(by: AskedBy, { set, warnings }: Loaded, files: readonly PolicyFile[]): Promise<ReloadOutcome> {
    const before = this.sets.current().hash;
    this.#folderFailure = undefined;
    if (!this.sets.replace(set, this.#parts.clock.wall())) {
      // The folder holds what a rollback put in force: from now on it is the folder's own.
      if (this.#source === 'rollback') await this.#record(set, files);
      return this.#unchanged();
    }
    await this.#parts.spread?.inForce(set, files);
    await this.#record(set, files);
    this.#parts.metrics.policyReload('loaded');
    this.#parts.log.info('policies loaded', {
      by,
      before: shortHash(before),
      ...counts(set, warnings),
      ...this.#live(),
    });
    return { kind: 'loaded', hash: set.hash, before, warnings };
  }

  async #rollBack(by: AskedBy): Promise<RollbackOutcome> {
    await this.#adopt();
    const before = this.sets.current().hash;
    const earlier = setBefore(this.#index);
    if (earlier === undefined) return { kind: 'nothing-earlier' };
    const read = await keptSet(this.#parts.parse, this.#history, earlier);
    if (read.kind === 'failed') return read;
    const { folder, stamp } = await readSettledFolder(this.#parts.directory);
    this.#stamp = stamp;
    this.#judged = folderFingerprint(folder);
    const now = this.#parts.clock.wall();
    const isKept = await this.#write(withRolledBack(this.#index, earlier, this.#judged, now));
    this.sets.replace(read.set, now);
    await this.#parts.spread?.inForce(read.set, read.files);
    this.#source = 'rollback';
    this.#since = now;
    this.#folderFailure = { since: now, problems: [ROLLED_BACK] };
    const fields = { by, before: shortHash(before), ...counts(read.set, read.warnings), ...this.#live() };
    this.#parts.log.warn('policies rolled back', fields);
    return { kind: 'rolled-back', hash: earlier.hash, before, isKept };
  }

  /** When the index in the store is another than was last seen: what it says holds here too. */
  async #adopt(): Promise<void> {
    // When it cannot be read, what was known goes on to hold.
    const text = await this.#history.text().catch(() => this.#indexText);
    if (text === this.#indexText) return;
    this.#indexText = text;
    this.#index = text === undefined ? EMPTY_HISTORY : this.#history.read(text);
    const { inForce, sets, rolledBack } = this.#index;
    const entry = sets.find(({ hash }) => hash === inForce?.hash);
    if (inForce === undefined || entry === undefined) return;
    const before = this.sets.current().hash;
    if (entry.hash !== before) {
      const read = await keptSet(this.#parts.parse, this.#history, entry);
      if (read.kind === 'failed') {
        this.#failed('store', read.problems);
        return;
      }
      this.sets.replace(read.set, this.#parts.clock.wall());
      await this.#parts.spread?.inForce(read.set, read.files);
      this.#parts.metrics.policyReload('loaded');
      const fields = { by: 'store', before: shortHash(before), ...counts(read.set, read.warnings), ...this.#live() };
      this.#parts.log.info('policies loaded', fields);
    }
    this.#source = inForce.source;
    this.#since = inForce.since;
    this.#folderFailure = rolledBack === undefined ? undefined : { since: inForce.since, problems: [ROLLED_BACK] };
  }

  #unchanged(): ReloadOutcome {
    this.#parts.metrics.policyReload('unchanged');
    return { kind: 'unchanged', hash: this.sets.current().hash };
  }

  #failed(by: AskedBy, problems: readonly string[]): ReloadOutcome {
    const { hash } = this.sets.current();
    this.#parts.metrics.policyReload('failed');
    if (by !== 'store') this.#folderFailure = { since: this.#parts.clock.wall(), problems };
    const { directory, log } = this.#parts;
    const fields = { by, folder: directory, problems: problems.length, set: shortHash(hash) };
    log.error('policies not loaded, those in force stay', fields);
    // The line before names the folder: a field is short.
    for (const problem of problems) log.error('policy problem', { problem: problem.replace(join(directory, '/'), '') });
    return { kind: 'failed', hash, problems };
  }

  /** The set is in force by its files since now. */
  async #record(set: PolicySet, files: readonly PolicyFile[]): Promise<void> {
    this.#since = this.#parts.clock.wall();
    this.#source = 'folder';
    const index = withLoaded(this.#index, { hash: set.hash, policies: policyCount(set) }, this.#since);
    const [first] = index.sets;
    try {
      if (first !== undefined) await this.#history.keep(first, files);
    } catch (error) {
      this.#parts.log.error('policies cannot be kept for a rollback', { code: errorCode(error) });
      return;
    }
    await this.#write(index);
  }

  async #write(index: HistoryIndex): Promise<boolean> {
    this.#index = index;
    try {
      this.#indexText = await this.#history.write(index);
      return true;
    } catch (error) {
      this.#parts.log.error('which policies are in force cannot be stored', { code: errorCode(error) });
      return false;
    }
  }

  #live(): { readonly live: number } {
    return { live: this.sets.live().length };
  }
}

interface Seen {
  readonly index: HistoryIndex;
  readonly indexText: string | undefined;
  readonly folder: PolicyFolder;
  readonly stamp: string;
}

const ROLLED_BACK =
  'what the folder holds was rolled back; it comes in force again when its files change, or by sapgw policy reload';

const emptied = (directory: string): string =>
  `${directory}: holds no policy files any more; if nobody is to be asked anything, say so by sapgw policy reload`;

const unusable = (directory: string): string =>
  `${directory}: what it holds was rolled back, and the set that took its place cannot be used; change a file to use the folder again`;

const filesOf = (folder: PolicyFolder): readonly PolicyFile[] => (folder.kind === 'read' ? folder.policies : []);

function counts(set: PolicySet, warnings: readonly string[]) {
  return { set: shortHash(set.hash), policies: policyCount(set), warnings: warnings.length };
}
