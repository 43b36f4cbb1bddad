/**
 * What policies for users who are away do for one user: whether messages are kept while the user is away, how the user is
 * told of them, and whether a login is asked about them, and why not. Judged by the code that judges messages and logins.
 */
import {
  appliesTo,
  appliesToUser,
  type ConditionVerdict,
  explainConditions,
  offLineUserPolicyFor,
  waitingQuestion,
} from './decide.ts';
import { describeKeep, describeNotify, describeStoreOn } from './describe-off-line-user.ts';
import { type OptionShown, optionsShown } from './explain.ts';
import type { LoginFacts, OffLineUserPolicy, PolicySet, Texts } from './model.ts';
import { chooseLanguage, notificationValues, textFor, textValues } from './text.ts';

/** Why a login is asked, or not. `another`: a policy that comes first asks in its place. */
export type WaitingStanding =
  | 'asked'
  | 'nothing-waits'
  | 'cannot-be-asked'
  | 'another'
  | 'does-not-apply'
  | 'asks-nothing';

export interface OffLineUserExplained {
  readonly id: string;
  readonly version: number;
  readonly order: number;
  /** Whether messages to this user are kept under it. `another`: under a policy that comes first. */
  readonly keeps: 'yes' | 'another' | 'does-not-apply';
  /** What is kept, of how much, for how long. */
  readonly keep: string;
  /** The statuses by which the VASP says that the user is away. */
  readonly storeOn: string;
  readonly notification:
    | { readonly how: string; readonly language: string; readonly text: string; readonly bearer: string }
    | undefined;
  readonly conditions: readonly ConditionVerdict[];
  readonly standing: WaitingStanding;
  /** What is asked at login; undefined when nothing is. */
  readonly question:
    | { readonly language: string; readonly text: string; readonly options: readonly OptionShown[] }
    | undefined;
}

export interface WaitingInput {
  readonly set: PolicySet;
  readonly login: LoginFacts;
  readonly knowsSystemMessages: boolean;
  readonly messagesWaiting: number;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

export function explainOffLineUser(policy: OffLineUserPolicy, input: WaitingInput): OffLineUserExplained {
  const { set, login, messagesWaiting, now } = input;
  const { id, version, order, notify, atLogin } = policy;
  const count = messagesWaiting === 0 ? '{count}' : String(messagesWaiting);
  const kept = appliesToUser(policy.applies, login, now);
  const languages = [login.language];
  return {
    id,
    version,
    order,
    keeps: kept ? (offLineUserPolicyFor(set, login, now) === policy ? 'yes' : 'another') : 'does-not-apply',
    keep: describeKeep(policy),
    storeOn: describeStoreOn(policy),
    notification: notify && {
      how: describeNotify(notify),
      bearer: notify.bearer,
      language: chooseLanguage(notify.text, languages),
      text: textFor(notify.text, languages, { ...notificationValues(login, '{sender}', 0), count }),
    },
    conditions: explainConditions(policy, login, now),
    standing: standingOf(policy, input),
    question:
      atLogin &&
      questionOf(atLogin.message, (texts) => textFor(texts, languages, { ...textValues(atLogin, login), count })),
  };

  function questionOf(message: Texts, say: (texts: Texts) => string): OffLineUserExplained['question'] {
    return {
      language: chooseLanguage(message, languages),
      text: say(message),
      options: optionsShown(atLogin?.options ?? [], say),
    };
  }
}

function standingOf({ applies, atLogin }: OffLineUserPolicy, input: WaitingInput): WaitingStanding {
  const { set, login, now, messagesWaiting, knowsSystemMessages } = input;
  if (atLogin === undefined) return 'asks-nothing';
  if (!appliesTo(applies, login, now)) return 'does-not-apply';
  if (waitingQuestion(set, login, now) !== atLogin) return 'another';
  if (messagesWaiting === 0) return 'nothing-waits';
  return knowsSystemMessages ? 'asked' : 'cannot-be-asked';
}
