/**
 * Policy sets out of files: those of the folder as it stands, and those that the store keeps of earlier sets, which are
 * read again because the configuration or this program may have changed what they mean.
 */
import type { PolicyFile, PolicySet } from '../policy/model.ts';
import { formatProblem, type ParsedPolicySet } from '../policy/parse.ts';
import type { PolicyFolder } from '../policy-folder.ts';
import type { HistoryIndex, KeptSet, SetHistory } from './history.ts';

export type ParseFiles = (files: readonly PolicyFile[]) => ParsedPolicySet;

export interface Loaded {
  readonly kind: 'loaded';
  readonly set: PolicySet;
  /** What it was read from. */
  readonly files: readonly PolicyFile[];
  readonly warnings: readonly string[];
}

/** Problems are sentences, each with its place. */
export type ReadSet = Loaded | { readonly kind: 'failed'; readonly problems: readonly string[] };

export function setOfFolder(parse: ParseFiles, folder: PolicyFolder): ReadSet {
  if (folder.kind === 'unreadable') return { kind: 'failed', problems: [folder.message] };
  return setOf(parse, folder.policies);
}

/** The set that the index says is in force. */
export async function keptInForce(parse: ParseFiles, history: SetHistory, index: HistoryIndex): Promise<ReadSet> {
  const entry = index.sets.find(({ hash }) => hash === index.inForce?.hash);
  return entry === undefined ? LOST : keptSet(parse, history, entry);
}

export async function keptSet(parse: ParseFiles, history: SetHistory, entry: KeptSet): Promise<ReadSet> {
  const files = await history.files(entry).catch(() => undefined);
  if (files === undefined) return LOST;
  const read = setOf(parse, files);
  if (read.kind === 'loaded') return read.set.hash === entry.hash ? read : LOST;
  const problems = read.problems.map((problem) => `set ${shortHash(entry.hash)} of the store: ${problem}`);
  return { kind: 'failed', problems };
}

/** As much of a hash as tells sets apart when people read it. */
export const shortHash = (hash: string): string => hash.slice(0, 12);

const LOST: ReadSet = { kind: 'failed', problems: ["the earlier set's files are no longer in the store"] };

function setOf(parse: ParseFiles, files: readonly PolicyFile[]): ReadSet {
  const parsed = parse(files);
  return parsed.kind === 'valid'
    ? { kind: 'loaded', set: parsed.set, files, warnings: parsed.warnings.map(formatProblem) }
    : { kind: 'failed', problems: parsed.problems.map(formatProblem) };
}
