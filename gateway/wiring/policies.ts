/**
 * The policies of a running gateway: the set in force, the watch over the folder, the operator's wishes that users be asked
 * again, and the timers that keep all of it current.
 */
import { type AskAgainOrder, type AskAgainOutcome, askAgain } from '../policies/ask-again-action.ts';
import { AskedAgain } from '../policies/asked-again.ts';
import { PolicyControl, type PolicySpread } from '../policies/control.ts';
import type { ParseFiles } from '../policies/reading.ts';
import { watchFolder } from '../policies/watch.ts';
import { type ParseOptions, parsePolicySet } from '../policy/parse.ts';
import { contentHash } from '../policy-folder.ts';
import type { Clock, Log, Metrics, Store } from '../ports.ts';
import { reportedOnce } from './troubles.ts';

export interface PolicyParts {
  /** The folder of the policy files. */
  readonly directory: string;
  readonly parse: ParseFiles;
  readonly vasps: readonly string[];
  readonly store: Pick<Store, 'notes' | 'askAgain' | 'acceptances'>;
  readonly userKey: (vasp: string, userId: string) => string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** The other processes of this gateway; undefined when there are none. */
  readonly spread?: PolicySpreading | undefined;
}

/** How what holds here comes to hold in the other processes of this gateway. Nothing of it rejects. */
export interface PolicySpreading extends PolicySpread {
  /** The wishes to ask again have changed in the store. */
  wishesChanged(): Promise<void>;
}

export interface OpenPolicies {
  readonly control: PolicyControl;
  readonly wishes: AskedAgain;
  askAgain(order: AskAgainOrder, by: string): Promise<AskAgainOutcome>;
  close(): void;
}

export type OpenPoliciesResult =
  | { readonly kind: 'open'; readonly policies: OpenPolicies }
  /** Every problem of the set, each with its place. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

/** How soon this process follows what another one on the same store did. */
const FOLLOW_MILLIS = 1_000;

/** How the gateway reads policy files: with what is configured, the public URL `none` where there is none. */
export function policyReader(gateway: Omit<ParseOptions, 'hash'>): ParseFiles {
  return (files) => parsePolicySet(files, { hash: contentHash, ...gateway });
}

export async function openPolicies(parts: PolicyParts): Promise<OpenPoliciesResult> {
  const { directory, parse, store, vasps, clock, metrics, log, spread } = parts;
  const opened = await PolicyControl.open({ directory, parse, notes: store.notes, clock, metrics, log, spread });
  if (opened.kind === 'failed') return opened;
  const { control } = opened;
  const wishes = new AskedAgain(store.askAgain);
  const trouble = reportedOnce(log);
  await trouble('wishes to ask again cannot be read', () => wishes.follow());
  const watch = watchFolder(directory, {
    changed: () => trouble('the policy folder cannot be looked at', () => control.look()),
    poll: () => trouble('the policy folder cannot be looked at', () => control.poll()),
  });
  const following = setInterval(() => {
    control.sets.sweep(clock.wall());
    void trouble('policies in the store cannot be followed', () => control.follow());
    void trouble('wishes to ask again cannot be read', () => wishes.follow());
  }, FOLLOW_MILLIS);
  return {
    kind: 'open',
    policies: {
      control,
      wishes,
      async askAgain(order, by) {
        const { acceptances } = store;
        const { userKey } = parts;
        const outcome = await askAgain(
          { acceptances, wishes, policies: control.sets, vasps, userKey, clock, log },
          order,
          by,
        );
        if (outcome.kind === 'kept') await spread?.wishesChanged();
        return outcome;
      },
      close() {
        watch.close();
        clearInterval(following);
      },
    },
  };
}
