/** Records of which stores keep the same in different bytes, as a copy has them. */
import type { Acceptance } from '../ports.ts';
import type { UserSettings } from '../system-message-ports.ts';
import { writeSettings } from './message-records.ts';
import { writeAcceptances } from './records.ts';

/** One user's, the oldest first: not every store has an order of its own. */
export function copiedAcceptances(acceptances: readonly Acceptance[]): Buffer {
  const byTime = (a: Acceptance, b: Acceptance): number =>
    a.acceptedAt - b.acceptedAt || (a.policy < b.policy ? -1 : 1);
  return writeAcceptances([...acceptances].sort(byTime));
}

/**
 * Without the ids of erased messages, which are for gateways that still have such a message in memory: none runs. Undefined
 * where nothing is left that is not so for everybody.
 */
export function copiedSettings({ help, seen }: UserSettings): Buffer | undefined {
  return help === 'on' && seen.size === 0 ? undefined : writeSettings({ help, seen, forgotten: [] });
}
