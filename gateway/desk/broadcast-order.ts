/** Judges what an operator orders: which policy is sent, to whom, where and how fast; or what is wrong with it, in words. */

import { appliesToUser } from '../policy/decide.ts';
import { globProblem } from '../policy/glob.ts';
import type { OnLinePolicy, PolicySet } from '../policy/model.ts';
import { nearest } from '../yaml/nearest.ts';
import {
  type BroadcastOrder,
  DEFAULT_PER_SECOND,
  MOST_PER_SECOND,
  type RefusedCode,
  type RefusedOrder,
} from './broadcast-model.ts';

export type JudgedOrder =
  | {
      readonly kind: 'right';
      readonly policy: OnLinePolicy;
      /** The one VASP where one user is; undefined: every VASP. */
      readonly vasp: string | undefined;
      readonly perSecond: number;
    }
  | RefusedOrder;

const LONGEST_USER_ID = 256;

/** @param now wall-clock milliseconds */
export function judgeOrder(order: BroadcastOrder, set: PolicySet, vasps: readonly string[], now: number): JudgedOrder {
  const policy = set.onLine.find(({ id }) => id === order.policy);
  if (policy?.trigger.on !== 'operator') return wrongPolicy(order.policy, set);
  if (order.vasp !== undefined && !vasps.includes(order.vasp)) {
    return refused('no-such-vasp', `No VASP is named ${shown(order.vasp)}; there are ${vasps.join(', ')}.`);
  }
  const { perSecond = DEFAULT_PER_SECOND } = order;
  if (!Number.isInteger(perSecond) || perSecond < 1 || perSecond > MOST_PER_SECOND) {
    return refused('bad-rate', `The rate is a whole number of users a second, 1 to ${MOST_PER_SECOND}.`);
  }
  if (order.to.kind === 'user') return judgeUser(order.to.user, order.vasp, policy, perSecond, vasps, now);
  if (order.to.kind === 'users') {
    const { users } = order.to;
    const problem = globProblem(users);
    if (problem !== undefined) return refused('bad-glob', `The users ${problem}.`);
    // It is kept as it stands, and no user id may be.
    if (!/[*?]/.test(users))
      return refused('bad-glob', 'A glob has a * or a ?; name one user as such, by the user id.');
  }
  return { kind: 'right', policy, vasp: order.vasp, perSecond };
}

/** A message waits for a user who is not here, so the place where it waits has to be known. */
function judgeUser(
  user: string,
  named: string | undefined,
  policy: OnLinePolicy,
  perSecond: number,
  vasps: readonly string[],
  now: number,
): JudgedOrder {
  const [only] = vasps;
  const vasp = named ?? (vasps.length === 1 ? only : undefined);
  if (vasp === undefined) {
    return refused('vasp-needed', `Say at which VASP this user is; there are ${vasps.join(', ')}.`);
  }
  if (/[*?]/.test(user)) return refused('bad-user', 'A user id has no * and no ?; a glob goes to several users.');
  if (/\s/u.test(user) || user.length === 0 || user.length > LONGEST_USER_ID) {
    return refused('bad-user', `A user id has 1 to ${LONGEST_USER_ID} characters and no blanks.`);
  }
  if (!appliesToUser(policy.applies, { userId: user, vasp }, now)) {
    return refused(
      'not-concerned',
      `The policy ${policy.id} does not concern this user now: see its vasps, users, from and until.`,
    );
  }
  return { kind: 'right', policy, vasp, perSecond };
}

function wrongPolicy(id: string, set: PolicySet): RefusedOrder {
  const operators = set.onLine.filter(({ trigger }) => trigger.on === 'operator').map((policy) => policy.id);
  const there = operators.length === 0 ? 'none of those in force has it' : `there are ${operators.join(', ')}`;
  const isKnown = [...set.onLine, ...set.policies, ...set.offLineUser].some((policy) => policy.id === id);
  if (isKnown) {
    return refused(
      'not-an-operator-policy',
      `The policy ${id} is not sent by hand: that takes one with trigger: { on: operator }; ${there}.`,
    );
  }
  const meant = nearest(id, operators);
  const hint = meant === undefined ? `with trigger: { on: operator } ${there}` : `did you mean ${meant}`;
  return refused(
    'no-such-policy',
    `No policy in force has the id ${shown(id)}; ${hint}${meant === undefined ? '.' : '?'}`,
  );
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 100));
const refused = (code: RefusedCode, message: string): RefusedOrder => ({ kind: 'refused', code, message });
