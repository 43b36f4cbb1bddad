/**
 * Recorded decisions held against a new policy set: who is asked again, why, and whose level changes. Whether a decision
 * still counts is asked of the judge that judges real logins. A record holds a keyed hash in the place of the user, so
 * what a policy asks of user id and client cannot be judged, and is told.
 */
import type { AuditRecord } from '../audit-ports.ts';
import { explainConditions } from './decide.ts';
import { serviceNames } from './describe.ts';
import type { LoginFacts, OffLinePolicy, PolicySet } from './model.ts';
import type { Judge } from './test-run.ts';

/** A record, by its place in the audit chain; only what replaying needs of it. */
export type RecordedDecision = { readonly sequence: number } & Pick<
  AuditRecord,
  'user' | 'vasp' | 'policy' | 'version' | 'option' | 'decidedAt' | 'level' | 'csp'
>;

/** `not-asked`: the new set puts no such question to this user. */
export type Fate = 'counts' | 'asked-again' | 'not-asked';

export type Reason =
  | 'remembered'
  | 'every-login'
  | 'version-changed'
  | 'too-old'
  | 'option-gone'
  | 'option-denies'
  | 'policy-gone'
  | 'in-session'
  | 'while-messages-wait'
  | 'only-observed'
  | 'not-concerned';

export interface LevelChanged {
  readonly before: string | undefined;
  readonly after: string;
  /** Names of the service tree; undefined when what the old level held is not known. */
  readonly gained: readonly string[] | undefined;
  readonly lost: readonly string[] | undefined;
}

export interface Replayed {
  readonly decision: RecordedDecision;
  readonly fate: Fate;
  readonly reason: Reason;
  /** Of a decision that counts. */
  readonly level: LevelChanged | undefined;
  /** Keys of `applies` that cannot be judged without the user's id and client. */
  readonly dependsOn: readonly string[];
}

export interface ReplaySets {
  readonly after: PolicySet;
  /** The set of the time of the records: what its levels held. Absent: names are looked up in the new set. */
  readonly before?: PolicySet | undefined;
}

/** Keeps the latest decision of each user about each policy. */
export class LatestDecisions {
  readonly #latest = new Map<string, RecordedDecision>();

  add(decision: RecordedDecision): void {
    const key = `${decision.user}\0${decision.vasp}\0${decision.policy}`;
    const known = this.#latest.get(key);
    if (known === undefined || isLater(decision, known)) this.#latest.set(key, decision);
  }

  get size(): number {
    return this.#latest.size;
  }

  values(): Iterable<RecordedDecision> {
    return this.#latest.values();
  }
}

const isLater = (one: RecordedDecision, other: RecordedDecision): boolean =>
  one.decidedAt === other.decidedAt ? one.sequence > other.sequence : one.decidedAt > other.decidedAt;

/** What becomes of one decision. `now` is wall-clock milliseconds. */
export function replayDecision(decision: RecordedDecision, sets: ReplaySets, judge: Judge, now: number): Replayed {
  const { after } = sets;
  const policy = after.policies.find(({ id }) => id === decision.policy);
  const ends = (fate: Fate, reason: Reason): Replayed => ({
    decision,
    fate,
    reason,
    level: fate === 'counts' && policy !== undefined ? levelChanged(decision, policy, sets) : undefined,
    dependsOn: policy === undefined ? [] : dependsOn(policy),
  });
  if (policy === undefined) {
    return ends('not-asked', whyNotBeforeLogin(decision.policy, after));
  }
  if (policy.mode === 'observe') return ends('not-asked', 'only-observed');
  const login = loginOf(decision);
  const unmet = explainConditions(policy, login, now).some(({ condition, holds }) => !holds && isKnown(condition));
  if (unmet) return ends('not-asked', 'not-concerned');
  const accepted = {
    policy: decision.policy,
    version: decision.version,
    option: decision.option,
    acceptedAt: decision.decidedAt,
  };
  const outcome = judge({
    set: after,
    policies: [policy],
    login,
    knowsSystemMessages: true,
    accepted: [accepted],
    answers: new Map(),
    now,
  });
  return outcome.kind === 'forward' ? ends('counts', 'remembered') : ends('asked-again', whyAgain(decision, policy));
}

/** Why no question of this id stands before every login. */
function whyNotBeforeLogin(policy: string, { onLine, offLineUser }: PolicySet): Reason {
  if (onLine.some(({ id }) => id === policy)) return 'in-session';
  return offLineUser.some(({ id }) => id === policy) ? 'while-messages-wait' : 'policy-gone';
}

/** Why the judge does not take a decision as remembered. */
function whyAgain({ version, option }: RecordedDecision, policy: OffLinePolicy): Reason {
  if (policy.ask.mode === 'every-login') return 'every-login';
  if (policy.ask.mode !== 'once' && version !== policy.version) return 'version-changed';
  const chosen = policy.options.find(({ id }) => id === option);
  if (option !== undefined && chosen === undefined) return 'option-gone';
  return chosen?.outcome.kind === 'deny' ? 'option-denies' : 'too-old';
}

/** All that a record tells of who logged in. */
const loginOf = ({ vasp, csp }: RecordedDecision): LoginFacts => ({
  userId: '',
  clientId: '',
  vasp,
  version: csp,
  encoding: 'xml',
});

const isKnown = (condition: string): boolean => ['vasps', 'csp', 'from', 'until'].includes(condition);

const dependsOn = ({ applies }: OffLinePolicy): readonly string[] =>
  (['users', 'clients', 'when'] as const).filter((key) => applies[key] !== undefined);

/** Undefined when the user keeps what the option granted. */
function levelChanged(decision: RecordedDecision, policy: OffLinePolicy, sets: ReplaySets): LevelChanged | undefined {
  const outcome = policy.options.find(({ id }) => id === decision.option)?.outcome;
  if (outcome?.kind !== 'grant') return undefined;
  const { level } = outcome;
  const old = (sets.before ?? sets.after).levels.get(decision.level ?? '')?.set;
  if (decision.level === level.name && (old === undefined || old.equals(level.set))) return undefined;
  return {
    before: decision.level,
    after: level.name,
    gained: old && serviceNames(level.set.minus(old)),
    lost: old && serviceNames(old.minus(level.set)),
  };
}
