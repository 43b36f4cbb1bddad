/**
 * A head that somebody noted outside of the gateway, `N:HASH`, held against what is there now. It is the only way to find
 * out that a whole store was put back from an older copy, because that copy is sealed as it was then.
 */
import { GENESIS } from './chain.ts';

export interface NotedHead {
  /** Sequence number of the last entry; 0 of an empty chain. */
  readonly sequence: number;
  readonly hash: string;
}

export function formatHead({ sequence, hash }: NotedHead): string {
  return `${sequence}:${hash}`;
}

/** Undefined when the text is no head. */
export function parseHead(text: string): NotedHead | undefined {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text.trim());
  return match === null ? undefined : { sequence: Number(match[1]), hash: (match[2] ?? '').toLowerCase() };
}

/** What is there now: the last entry, the first one, and the hash that stands at a sequence number. */
export interface ChainEnds {
  readonly first: number;
  readonly last: number;
  readonly hashAt: (sequence: number) => string | undefined;
}

/** What speaks against it that this chain goes on from the noted head; undefined when it does. */
export function contradiction(noted: NotedHead, chain: ChainEnds): string | undefined {
  const { sequence, hash } = noted;
  if (sequence > chain.last) {
    return `ends with ${chain.last}, before the noted head ${sequence}: entries were cut off, or an older copy was put back`;
  }
  const now = sequence === 0 ? GENESIS : chain.hashAt(sequence);
  if (now === undefined) {
    return sequence < chain.first
      ? `begins with ${chain.first}, after the noted head ${sequence}, which can no longer be compared`
      : `has no entry ${sequence}, which the noted head names`;
  }
  return now === hash ? undefined : `has another hash at ${sequence} than the noted head: it was written anew`;
}
