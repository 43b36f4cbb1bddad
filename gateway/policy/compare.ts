/**
 * What changes for users when one policy set takes the place of another: what differs, who is asked again, what a level
 * gains or loses. Judged by what the sets mean, so that comments, order of keys and file names make no difference.
 */
import { ServiceSet } from '../csp/service-tree.ts';
import { compareText } from '../yaml/problem.ts';
import { serviceNames } from './describe.ts';
import { describeTrigger } from './describe-on-line.ts';
import { type Facts, factsOf, factsOfOffLineUser, factsOfOnLine, isOfSubstance } from './facts.ts';
import type { OffLinePolicy, OffLineUserPolicy, OnLinePolicy, PolicyOption, PolicySet } from './model.ts';

/** One key; undefined where it is not there. */
export interface Difference {
  readonly key: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface PolicyChange {
  readonly kind: 'new' | 'gone' | 'changed';
  readonly id: string;
  /** Of a changed or new policy the new one. */
  readonly version: number;
  readonly differences: readonly Difference[];
  /** What users notice. */
  readonly consequences: readonly string[];
  /** What was probably not meant. */
  readonly warnings: readonly string[];
}

export interface LevelChange {
  readonly kind: 'new' | 'gone' | 'changed';
  readonly name: string;
  /** Names of the service tree. */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
  /** Policies of the new set that grant it, and `default` when it is the default level. */
  readonly usedBy: readonly string[];
}

export interface SetComparison {
  readonly equal: boolean;
  /** Names; undefined when it stayed. */
  readonly defaultLevel: { readonly before: string; readonly after: string } | undefined;
  readonly levels: readonly LevelChange[];
  /** In the order of the new set, gone ones at the end. */
  readonly policies: readonly PolicyChange[];
}

export function comparePolicySets(before: PolicySet, after: PolicySet): SetComparison {
  const levels = compareLevels(before, after);
  const policies = [
    ...compareEach(before.policies, after.policies, comparePolicies, gone),
    ...compareEach(before.onLine, after.onLine, compareOnLine, goneOnLine),
    ...compareEach(before.offLineUser, after.offLineUser, compareOffLineUser, goneOffLineUser),
  ];
  const [from, to] = [before.defaultLevel.name, after.defaultLevel.name];
  const defaultLevel = from === to ? undefined : { before: from, after: to };
  const equal = levels.length === 0 && policies.length === 0 && defaultLevel === undefined;
  return { equal, defaultLevel, levels, policies };
}

/** Every policy of one kind against the one of the same id, those that are gone at the end. */
function compareEach<T extends { readonly id: string }>(
  before: readonly T[],
  after: readonly T[],
  compare: (before: T | undefined, after: T) => PolicyChange | undefined,
  goneFrom: (policy: T) => PolicyChange,
): readonly PolicyChange[] {
  const old = new Map(before.map((policy) => [policy.id, policy]));
  const stays = new Set(after.map(({ id }) => id));
  return [
    ...after.flatMap((policy) => compare(old.get(policy.id), policy) ?? []),
    ...before.filter(({ id }) => !stays.has(id)).map(goneFrom),
  ];
}

/** Undefined when nothing differs. */
function compareOnLine(before: OnLinePolicy | undefined, after: OnLinePolicy): PolicyChange | undefined {
  const { id, version } = after;
  const differences = differencesOf(before === undefined ? new Map() : factsOfOnLine(before), factsOfOnLine(after));
  if (differences.length === 0) return undefined;
  if (before === undefined) {
    const consequences = [`sent ${describeTrigger(after.trigger)}, to everybody whom it concerns`];
    return { kind: 'new', id, version, differences, consequences, warnings: [] };
  }
  return { kind: 'changed', id, version, differences, ...toldAgain(before, after, differences) };
}

/** What becomes of messages that wait, and of a first login that was long ago. */
function toldAgain(
  before: OnLinePolicy,
  after: OnLinePolicy,
  differences: readonly Difference[],
): Pick<PolicyChange, 'consequences' | 'warnings'> {
  const consequences = ['holds for messages from now on; those that wait stay as they are'];
  const warnings: string[] = [];
  const raised = before.version !== after.version;
  if (after.trigger.on === 'first-login' && raised) {
    consequences.push(`sent again to whoever has had version ${before.version}, at the next login`);
  } else if (after.trigger.on === 'first-login' && differences.some(({ key }) => isOfSubstance(key))) {
    warnings.push('users who have had it do not get it again; raise `version` if they must');
  }
  return { consequences, warnings };
}

function goneOnLine(policy: OnLinePolicy): PolicyChange {
  const { id, version } = policy;
  const differences = differencesOf(factsOfOnLine(policy), new Map());
  const consequences = ['not sent any more; messages that wait stay as they are'];
  return { kind: 'gone', id, version, differences, consequences, warnings: [] };
}

/** Undefined when nothing differs. */
function compareOffLineUser(before: OffLineUserPolicy | undefined, after: OffLineUserPolicy): PolicyChange | undefined {
  const { id, version } = after;
  const facts = before === undefined ? new Map() : factsOfOffLineUser(before);
  const differences = differencesOf(facts, factsOfOffLineUser(after));
  if (differences.length === 0) return undefined;
  const consequences =
    before === undefined
      ? [
          'messages to everybody whom it concerns are kept while they are away',
          ...(after.atLogin === undefined ? [] : ['whoever has messages waiting is asked at login']),
        ]
      : ['holds for messages from now on; those that wait stay as long as they were to stay'];
  return { kind: before === undefined ? 'new' : 'changed', id, version, differences, consequences, warnings: [] };
}

function goneOffLineUser(policy: OffLineUserPolicy): PolicyChange {
  const { id, version } = policy;
  const differences = differencesOf(factsOfOffLineUser(policy), new Map());
  const consequences = ['messages are kept under it no more; those that wait are handed over, unasked'];
  return { kind: 'gone', id, version, differences, consequences, warnings: [] };
}

/** Undefined when nothing differs. */
function comparePolicies(before: OffLinePolicy | undefined, after: OffLinePolicy): PolicyChange | undefined {
  const { id, version } = after;
  if (before === undefined) {
    const asked =
      after.mode === 'observe' ? 'nobody is asked: it only observes' : 'everybody whom it concerns is asked';
    return {
      kind: 'new',
      id,
      version,
      differences: differencesOf(new Map(), factsOf(after)),
      consequences: [asked],
      warnings: [],
    };
  }
  const differences = differencesOf(factsOf(before), factsOf(after));
  if (differences.length === 0) return undefined;
  const again = askedAgain(before, after, differences);
  return { kind: 'changed', id, version, differences, ...again };
}

function gone(policy: OffLinePolicy): PolicyChange {
  const { id, version } = policy;
  const consequences = ['nobody is asked any more'];
  return {
    kind: 'gone',
    id,
    version,
    differences: differencesOf(factsOf(policy), new Map()),
    consequences,
    warnings: [],
  };
}

function differencesOf(before: Facts, after: Facts): readonly Difference[] {
  const keys = [...after.keys(), ...[...before.keys()].filter((key) => !after.has(key))];
  return keys
    .map((key) => ({ key, before: before.get(key), after: after.get(key) }))
    .filter((difference) => difference.before !== difference.after);
}

/** Who has accepted the old version and what happens to them. */
function askedAgain(
  before: OffLinePolicy,
  after: OffLinePolicy,
  differences: readonly Difference[],
): Pick<PolicyChange, 'consequences' | 'warnings'> {
  if (after.mode === 'observe') {
    const told =
      before.mode === 'observe' ? 'nobody is asked: it only observes' : 'nobody is asked any more: it only observes';
    return { consequences: [told], warnings: [] };
  }
  const consequences: string[] = [];
  const warnings: string[] = [];
  if (before.mode === 'observe') consequences.push('asked from now on: it only observed before');
  if (after.ask.mode === 'every-login') {
    consequences.push('everybody is asked at every login');
    return { consequences, warnings };
  }
  if (before.ask.mode === 'every-login') {
    consequences.push('everybody is asked once more: so far nothing was remembered');
    return { consequences, warnings };
  }
  const raised = before.version !== after.version;
  const changed = differences.some(({ key }) => isOfSubstance(key));
  if (raised && after.ask.mode === 'once') {
    warnings.push('the version changed, but `ask: once` asks nobody again who ever accepted');
  } else if (raised) {
    consequences.push(`whoever accepted version ${before.version} is asked again`);
  } else {
    consequences.push(...optionConsequences(before, after));
    if (changed)
      warnings.push('users who accepted are not asked again; raise `version` if they must agree to the change');
  }
  if (after.version < before.version) {
    warnings.push(
      `the version went down from ${before.version} to ${after.version}; whoever accepted ${after.version} once is not asked`,
    );
  }
  return { consequences, warnings };
}

/** What becomes of those whose acceptance counts although the options changed. */
function optionConsequences(before: OffLinePolicy, after: OffLinePolicy): readonly string[] {
  return before.options.flatMap((option): readonly string[] => {
    if (option.outcome.kind !== 'grant') return [];
    const now: PolicyOption | undefined = after.options.find(({ id }) => id === option.id);
    if (now === undefined) return [`whoever chose ${option.id} is asked again: the option is gone`];
    if (now.outcome.kind === 'deny') return [`whoever chose ${option.id} is asked again: it denies now`];
    if (now.outcome.kind !== 'grant') return [];
    const [from, to] = [option.outcome.level.name, now.outcome.level.name];
    return from === to ? [] : [`whoever chose ${option.id} gets ${to} in the place of ${from} at the next login`];
  });
}

function compareLevels(before: PolicySet, after: PolicySet): readonly LevelChange[] {
  const names = [...new Set([...after.levels.keys(), ...before.levels.keys()])].toSorted(compareText);
  return names.flatMap((name): readonly LevelChange[] => {
    const [old, now] = [before.levels.get(name)?.set, after.levels.get(name)?.set];
    if (old !== undefined && now !== undefined && old.equals(now)) return [];
    const kind = old === undefined ? 'new' : now === undefined ? 'gone' : 'changed';
    const [from, to] = [old ?? ServiceSet.NONE, now ?? ServiceSet.NONE];
    const gained = serviceNames(to.minus(from));
    return [{ kind, name, gained, lost: serviceNames(from.minus(to)), usedBy: usersOf(after, name) }];
  });
}

function usersOf({ policies, onLine, defaultLevel }: PolicySet, level: string): readonly string[] {
  const granting = policies.filter(({ options, onTimeout, withoutSystemMessages }) =>
    [...options.map(({ outcome }) => outcome), onTimeout, withoutSystemMessages].some(
      (ruling) => ruling.kind === 'grant' && ruling.level.name === level,
    ),
  );
  const grantingOnLine = onLine.filter(({ options, onTimeout }) =>
    [...options.flatMap(({ effects }) => effects), onTimeout].some(
      (effect) => effect.kind === 'grant' && effect.level.name === level,
    ),
  );
  const ids = [...granting, ...grantingOnLine].map(({ id }) => id);
  return [...(defaultLevel.name === level ? ['default'] : []), ...ids];
}
