/**
 * Which policies concern a login. Every condition that a policy writes must hold, and each is judged in a fixed order, so
 * that the first one that failed can be told to the operator. Whoever cannot be placed for certain is asked: an id
 * without a domain matches a glob that names one, because the VASP fills the domain in afterwards.
 */
import { compareText } from '../yaml/problem.ts';
import type { Applies, Glob, LoginFacts, OffLinePolicy, OffLineUserPolicy, PolicySet } from './model.ts';
import { readUserId, type UserId } from './user-id.ts';

/** The condition of `applies` that a login did not meet; `when-error`: it could not be evaluated. */
export type FailedCondition = 'vasps' | 'users' | 'clients' | 'csp' | 'from' | 'until' | 'when' | 'when-error';

export type Explanation =
  | { readonly kind: 'applies' }
  | { readonly kind: 'not'; readonly condition: FailedCondition; readonly detail: string };

/**
 * The policies that apply, by `order` and id; those in mode `observe` among them.
 * @param now wall-clock milliseconds
 * @param onConditionError told of each policy whose `when` failed at run time, for a metric; such a policy does not apply
 */
export function applicablePolicies(
  set: PolicySet,
  login: LoginFacts,
  now: number,
  onConditionError?: (policy: OffLinePolicy) => void,
): readonly OffLinePolicy[] {
  const user = readUserId(login.userId);
  return set.policies.filter((policy) => {
    const failed = failedCondition(policy.applies, user, login, now);
    if (failed === 'when-error') onConditionError?.(policy);
    return failed === undefined;
  });
}

/**
 * What is asked of this login while messages wait for its user: one question, however many policies keep messages, that of
 * the first by order which asks one [X61]. Parameters as of {@link applicablePolicies}.
 */
export function waitingQuestion(
  { offLineUser }: PolicySet,
  login: LoginFacts,
  now: number,
  onConditionError?: (policy: OffLinePolicy) => void,
): OffLinePolicy | undefined {
  for (const { atLogin } of offLineUser) {
    if (atLogin === undefined) continue;
    const failed = failedCondition(atLogin.applies, readUserId(login.userId), login, now);
    if (failed === undefined) return atLogin;
    if (failed === 'when-error') onConditionError?.(atLogin);
  }
  return undefined;
}

/** The questions in the order in which they are asked: by `order`, then id. */
export function inAskingOrder(policies: readonly OffLinePolicy[]): readonly OffLinePolicy[] {
  return policies.toSorted((a, b) => a.order - b.order || compareText(a.id, b.id));
}

/** Every question that concerns a login for whose user so many messages wait, in order. */
export function questionsAtLogin(
  set: PolicySet,
  login: LoginFacts,
  now: number,
  messagesWaiting: number,
): readonly OffLinePolicy[] {
  const policies = applicablePolicies(set, login, now);
  const waiting = messagesWaiting > 0 ? waitingQuestion(set, login, now) : undefined;
  return waiting === undefined ? policies : inAskingOrder([...policies, waiting]);
}

/** The policy under which messages to a user who is away are kept: the first by order that concerns the user [X60]. */
export function offLineUserPolicyFor(
  { offLineUser }: PolicySet,
  user: Pick<LoginFacts, 'userId' | 'vasp'>,
  now: number,
): OffLineUserPolicy | undefined {
  return offLineUser.find(({ applies }) => appliesToUser(applies, user, now));
}

/** Whether a policy concerns the user of a session. A condition that cannot be evaluated does not hold. */
export function appliesTo(applies: Applies, facts: LoginFacts, now: number): boolean {
  return failedCondition(applies, readUserId(facts.userId), facts, now) === undefined;
}

/**
 * The same for somebody who is not here yet: judges only what is known then, `vasps`, `users`, `from` and `until`. Who
 * passes has to be judged again when the client is known.
 */
export function appliesToUser(
  { clients: _clients, csp: _csp, when: _when, ...known }: Applies,
  { userId, vasp }: Pick<LoginFacts, 'userId' | 'vasp'>,
  now: number,
): boolean {
  return appliesTo(known, { userId, vasp, clientId: '', version: '1.3', encoding: 'xml' }, now);
}

/** Whether a policy applies, and if not, the first condition that failed and what it was compared with. */
export function explainPolicy(policy: OffLinePolicy, login: LoginFacts, now: number): Explanation {
  const { applies } = policy;
  const condition = failedCondition(applies, readUserId(login.userId), login, now);
  if (condition === undefined) return { kind: 'applies' };
  return { kind: 'not', condition, detail: detailOf(condition, applies, login, now) };
}

/** One condition that a policy writes, and whether the login meets it. */
export interface ConditionVerdict {
  readonly condition: FailedCondition;
  readonly holds: boolean;
  /** What was compared with what. */
  readonly detail: string;
}

/** Every condition that a policy writes, each judged for itself; none when the policy concerns everybody. */
export function explainConditions(
  { applies }: Pick<OffLinePolicy, 'applies'>,
  login: LoginFacts,
  now: number,
): readonly ConditionVerdict[] {
  const user = readUserId(login.userId);
  const judged = (alone: Applies, condition: FailedCondition): ConditionVerdict => {
    const failed = failedCondition(alone, user, login, now);
    if (failed !== undefined) return { condition: failed, holds: false, detail: detailOf(failed, alone, login, now) };
    return { condition, holds: true, detail: metDetail(condition, alone, user, login, now) };
  };
  const { vasps, users, clients, csp, from, until, when } = applies;
  return [
    ...(vasps === undefined ? [] : [judged({ vasps }, 'vasps')]),
    ...(users === undefined ? [] : [judged({ users }, 'users')]),
    ...(clients === undefined ? [] : [judged({ clients }, 'clients')]),
    ...(csp === undefined ? [] : [judged({ csp }, 'csp')]),
    ...(from === undefined ? [] : [judged({ from }, 'from')]),
    ...(until === undefined ? [] : [judged({ until }, 'until')]),
    ...(when === undefined ? [] : [judged({ when }, 'when')]),
  ];
}

function failedCondition(applies: Applies, user: UserId, login: LoginFacts, now: number): FailedCondition | undefined {
  if (applies.vasps !== undefined && !applies.vasps.has(login.vasp)) return 'vasps';
  if (applies.users !== undefined && !applies.users.some((glob) => matchesUser(glob, user))) return 'users';
  if (applies.clients !== undefined && !applies.clients.some((glob) => glob.matches(login.clientId))) return 'clients';
  if (applies.csp !== undefined && !applies.csp.has(login.version)) return 'csp';
  if (applies.from !== undefined && now < applies.from) return 'from';
  if (applies.until !== undefined && now >= applies.until) return 'until';
  const verdict = applies.when?.evaluate(login, now);
  if (verdict === 'error') return 'when-error';
  return verdict === 'false' ? 'when' : undefined;
}

/** With and without `wv:`; an id without a domain is held against the part of the glob before its `@`. */
export function matchesUser(glob: Glob, user: UserId): boolean {
  if (glob.matches(user.bare) || glob.matches(`wv:${user.bare}`)) return true;
  if (user.domain !== '') return false;
  const local = glob.withoutDomain;
  return local !== undefined && (local.matches(user.bare) || local.matches(`wv:${user.bare}`));
}

function detailOf(condition: FailedCondition, applies: Applies, login: LoginFacts, now: number): string {
  switch (condition) {
    case 'vasps':
      return `the VASP ${login.vasp} is none of ${[...(applies.vasps ?? [])].join(', ')}`;
    case 'users':
      return `the user ${login.userId} matches none of ${sources(applies.users)}`;
    case 'clients':
      return `the client ${login.clientId || '(none)'} matches none of ${sources(applies.clients)}`;
    case 'csp':
      return `CSP ${login.version} is none of ${[...(applies.csp ?? [])].join(', ')}`;
    case 'from':
      return `${instant(now)} is before ${instant(applies.from ?? 0)}`;
    case 'until':
      return `${instant(now)} is not before ${instant(applies.until ?? 0)}`;
    case 'when':
      return `the condition is false: ${applies.when?.source ?? ''}`;
    case 'when-error':
      return `the condition could not be evaluated: ${applies.when?.source ?? ''}`;
  }
}

/** Why a condition that stands alone in `applies` is met. */
function metDetail(condition: FailedCondition, applies: Applies, user: UserId, login: LoginFacts, now: number): string {
  switch (condition) {
    case 'vasps':
      return `the VASP is ${login.vasp}`;
    case 'users':
      return `the user ${login.userId} matches ${applies.users?.find((glob) => matchesUser(glob, user))?.source ?? ''}`;
    case 'clients':
      return `the client ${login.clientId} matches ${applies.clients?.find((glob) => glob.matches(login.clientId))?.source ?? ''}`;
    case 'csp':
      return `CSP is ${login.version}`;
    case 'from':
      return `${instant(now)} is not before ${instant(applies.from ?? 0)}`;
    case 'until':
      return `${instant(now)} is before ${instant(applies.until ?? 0)}`;
    default:
      return `the condition is true: ${applies.when?.source ?? ''}`;
  }
}

const sources = (globs: readonly Glob[] = []): string => globs.map(({ source }) => source).join(', ');
const instant = (millis: number): string => new Date(millis).toISOString();
