/**
 * Runs a case in which something happens to a user who is logged in: which messages are sent for it, with which words,
 * and what the answers do. Triggers, `applies` and texts are judged by the code that live sessions are judged by.
 */
import type { YamlDocument } from '../yaml/document.ts';
import type { Path } from '../yaml/problem.ts';
import { appliesTo } from './decide.ts';
import { NO_MORE_HELP } from './defaults.ts';
import { describeEffect } from './describe-on-line.ts';
import { effectAbout } from './effects.ts';
import type { Effect, OnLinePolicy, PolicySet } from './model.ts';
import { isMet } from './occasions.ts';
import type { TestAnswer } from './test-case.ts';
import { type AskedMessage, compareMessages, listed, sameList } from './test-compare.ts';
import type { EventCase } from './test-event-file.ts';
import { chooseLanguage, onLineTextValues, textFor } from './text.ts';

/** The options that an operator writes; of a message without any the policy itself. */
export function onLineChoicesOf({ id, category, options }: OnLinePolicy): readonly string[] {
  const written = options.filter((option) => category !== 'help' || option.id !== NO_MORE_HELP);
  return written.length === 0 ? [id] : written.map((option) => `${id}/${option.id}`);
}

/** What silence leads to, where it leads to anything. */
export function onLineSilenceOf({ id, onTimeout }: OnLinePolicy): readonly string[] {
  return onTimeout.kind === 'nothing' ? [] : [`${id}/onTimeout`];
}

/** Reports every difference; gives what the case covers when it passed. */
export function runEventCase(set: PolicySet, document: YamlDocument, testCase: EventCase): readonly string[] {
  const { at, login, now, event, help, answers, expect } = testCase;
  const wanted = set.onLine.filter(
    ({ id, trigger, applies }) =>
      (event.on === 'operator' ? id === event.policy : isMet(trigger, event)) && appliesTo(applies, login, now),
  );
  const isKept = ({ category }: OnLinePolicy): boolean => category === 'help' && help === 'off';
  const sent = wanted.filter((policy) => !isKept(policy));
  const kept = wanted.filter(isKept).map(({ id }) => id);
  compareSent(
    document,
    [...at, 'expect', 'send'],
    expect.send,
    sent.map((policy) => messageOf(policy, testCase)),
  );
  if (expect.inbox !== undefined && !sameList(expect.inbox, kept)) {
    document.report(
      [...at, 'expect', 'inbox'],
      `expected ${listed(expect.inbox)} in the inbox, but ${listed(kept)} was`,
    );
  }
  for (const policy of answers.keys()) {
    if (sent.some(({ id }) => id === policy)) continue;
    document.report([...at, 'answers', policy], `answers ${policy}, which was not sent`, { at: 'key' });
  }
  const done = sent.flatMap((policy) => effectsOf(policy, answers.get(policy.id), testCase.otherUser));
  compareDone(document, [...at, 'expect', 'do'], expect.do, done);
  return [...coveredBy(testCase), ...(expect.send ?? []).map(({ policy }) => policy)];
}

function messageOf(policy: OnLinePolicy, { login, otherUser }: EventCase): AskedMessage {
  const values = onLineTextValues(login, otherUser);
  const language = chooseLanguage(policy.message, [login.language]);
  return {
    policy: policy.id,
    text: textFor(policy.message, [language], values),
    options: policy.options.map(({ text }) => textFor(text, [language], values)),
  };
}

function compareSent(
  document: YamlDocument,
  place: Path,
  wanted: EventCase['expect']['send'],
  sent: readonly AskedMessage[],
): void {
  if (wanted === undefined) return;
  const [wantedIds, sentIds] = [wanted.map(({ policy }) => policy), sent.map(({ policy }) => policy)];
  if (sameList(wantedIds, sentIds)) compareMessages(document, place, wanted, sent);
  else document.report(place, `expected ${listed(wantedIds)} to be sent, but ${listed(sentIds)} was`);
}

function effectsOf(
  policy: OnLinePolicy,
  answer: TestAnswer | undefined,
  otherUser: string | undefined,
): readonly Effect[] {
  if (answer === undefined) return [];
  if (answer.kind === 'never') return silenceOf(policy);
  const { effects = [] } = policy.options.find(({ id }) => id === answer.option) ?? {};
  return effects.map((effect) => ('user' in effect ? effectAbout(effect, otherUser) : effect));
}

function silenceOf({ onTimeout }: OnLinePolicy): readonly Effect[] {
  if (onTimeout.kind === 'grant') return [onTimeout];
  return onTimeout.kind === 'logout' ? [{ kind: 'logout' }] : [];
}

function compareDone(
  document: YamlDocument,
  place: Path,
  wanted: readonly Effect[] | undefined,
  done: readonly Effect[],
): void {
  if (wanted === undefined) return;
  const [wantedWords, doneWords] = [wanted.map(describeEffect), done.map(describeEffect)];
  if (sameList(wantedWords, doneWords)) return;
  document.report(place, `expected: ${listed(wantedWords)}; done: ${listed(doneWords)}`);
}

function coveredBy({ answers }: EventCase): readonly string[] {
  return [...answers].flatMap(([policy, answer]) => {
    if (answer.kind === 'never') return [`${policy}/onTimeout`];
    return answer.option === undefined ? [policy] : [`${policy}/${answer.option}`];
  });
}
