/**
 * Cases of policy tests in which something happens to a user who is logged in: what it is, and which on-line messages
 * must be sent for it. What such a case may say is checked against the set that it tests.
 */
import type { YamlDocument } from '../yaml/document.ts';
import { parseDuration } from '../yaml/durations.ts';
import type { Path } from '../yaml/problem.ts';
import { checkKeysOfKinds, type KeyOfKinds } from './check-applies.ts';
import { checkEffect } from './check-on-line.ts';
import type { Effect, PolicySet } from './model.ts';
import type { Occasion } from './occasions.ts';
import { effectOf } from './on-line.ts';
import {
  answersOf,
  type CaseFile,
  checkAnswer,
  checkPolicyId,
  type ExpectedMessage,
  type TestAnswer,
  type Who,
} from './test-case.ts';

/** What happened; an operator sends one policy by its id. */
export type TestEvent = Occasion | { readonly on: 'operator'; readonly policy: string };

export interface EventCase extends Who {
  readonly kind: 'event';
  readonly name: string;
  readonly event: TestEvent;
  /** Whom it is about. */
  readonly otherUser: string | undefined;
  /** Whether the user wants help messages. */
  readonly help: 'on' | 'off';
  readonly answers: ReadonlyMap<string, TestAnswer>;
  readonly expect: {
    readonly send: readonly ExpectedMessage[] | undefined;
    readonly inbox: readonly string[] | undefined;
    readonly do: readonly Effect[] | undefined;
  };
}

type EventFile = Exclude<NonNullable<CaseFile['event']>, string>;

const EVENT_KEYS: readonly KeyOfKinds[] = [
  {
    key: 'otherUser',
    of: ['added-to-contact-list', 'presence-authorization-changed'],
    needed: 'added-to-contact-list',
  },
  { key: 'attributes', of: ['presence-exposed'], needed: 'presence-exposed' },
  { key: 'statuses', of: ['repeated-errors'], needed: 'repeated-errors' },
  { key: 'within', of: ['repeated-errors'], needed: undefined },
  { key: 'policy', of: ['operator'], needed: 'operator' },
];

const OF_LOGINS = ['ask', 'grant', 'deny', 'remembered', 'recorded'] as const;

const eventOf = (event: NonNullable<CaseFile['event']>): EventFile =>
  typeof event === 'string' ? { on: event } : event;

export function checkEventCase(document: YamlDocument, at: Path, testCase: CaseFile, set: PolicySet): void {
  const { expect, answers = {} } = testCase;
  checkEvent(document, [...at, 'event'], testCase, set);
  for (const key of OF_LOGINS) {
    if (expect[key] !== undefined) {
      document.report([...at, 'expect', key], 'goes with a login alone, not with an event', { at: 'key' });
    }
  }
  for (const key of ['remembered', 'messagesWaiting'] as const) {
    if (testCase[key] === undefined) continue;
    document.report([...at, key], 'goes with a login alone, not with an event', { at: 'key' });
  }
  if (expect.send === undefined && expect.inbox === undefined) {
    document.report([...at, 'expect'], 'must say what is sent: send, with [] for nothing');
  }
  for (const [index, { policy }] of (expect.send ?? []).entries()) {
    checkPolicyId(document, [...at, 'expect', 'send', index, 'policy'], policy, set.onLine);
  }
  for (const [index, policy] of (expect.inbox ?? []).entries()) {
    checkPolicyId(document, [...at, 'expect', 'inbox', index], policy, set.onLine);
  }
  const context = { levels: [...set.levels.keys()] };
  for (const [index, effect] of (expect.do ?? []).entries()) {
    checkEffect(document, [...at, 'expect', 'do', index], effect, { ...context, webhooks: undefined }, true);
  }
  for (const [policy, answer] of Object.entries(answers)) {
    const place = [...at, 'answers', policy];
    checkAnswer(document, place, policy, answer, set.onLine);
    for (const key of ['key', 'late'] as const) {
      if (typeof answer === 'string' || answer[key] === undefined) continue;
      document.report([...place, key], 'goes with a login alone, not with an event', { at: 'key' });
    }
  }
}

function checkEvent(document: YamlDocument, at: Path, testCase: CaseFile, { onLine }: PolicySet): void {
  if (testCase.event === undefined) return;
  const event = eventOf(testCase.event);
  checkKeysOfKinds(document, at, event, EVENT_KEYS);
  const operators = onLine.filter(({ trigger }) => trigger.on === 'operator');
  if (event.on === 'operator' && event.policy !== undefined) {
    checkPolicyId(document, [...at, 'policy'], event.policy, operators);
  }
}

/** Undefined for a case that has no event. */
export function buildEventCase(file: CaseFile, who: Who, set: PolicySet): EventCase | undefined {
  if (file.event === undefined) return undefined;
  const event = eventOf(file.event);
  const { send, inbox, do: done } = file.expect;
  return {
    kind: 'event',
    ...who,
    name: file.name,
    event: occasionOf(event),
    otherUser: event.otherUser,
    help: file.help ?? 'on',
    answers: answersOf(file),
    expect: {
      send: send?.map(({ policy, text, options }) => ({ policy, text, options })),
      inbox,
      do: done?.map((effect) => effectOf(effect, set.levels)),
    },
  };
}

function occasionOf({ on, attributes = [], statuses = [], within, policy = '' }: EventFile): TestEvent {
  switch (on) {
    case 'presence-exposed':
      return { on, attributes };
    case 'repeated-errors':
      return { on, statuses, withinMillis: within === undefined ? 0 : (parseDuration(within) ?? 0) };
    case 'operator':
      return { on, policy };
    default:
      return { on };
  }
}
