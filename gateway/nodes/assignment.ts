/**
 * Which node should hold which share: the same answer on every node that knows of the same nodes, about equal parts for each,
 * and few that move when one comes or goes (rendezvous hashing, with an upper bound for each node).
 */
import { createHash } from 'node:crypto';
import { ALL_SHARES, SHARES } from '../shares.ts';

/** The node of each share; all undefined when there is none. */
export function assigned(nodes: readonly string[]): readonly (string | undefined)[] {
  const most = Math.ceil(SHARES / Math.max(1, nodes.length));
  const wishes = ALL_SHARES.flatMap((share) => nodes.map((node) => ({ share, node, weight: weightOf(share, node) })));
  wishes.sort((one, other) => (one.weight < other.weight ? 1 : -1));
  const holders: (string | undefined)[] = ALL_SHARES.map(() => undefined);
  const counts = new Map<string, number>();
  for (const { share, node } of wishes) {
    const count = counts.get(node) ?? 0;
    if (holders[share] !== undefined || count >= most) continue;
    holders[share] = node;
    counts.set(node, count + 1);
  }
  return holders;
}

function weightOf(share: number, node: string): string {
  return createHash('sha256').update(`${share} ${node}`).digest('hex');
}
