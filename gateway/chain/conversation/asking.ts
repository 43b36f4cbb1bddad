/**
 * The course of a conversation: one question after the other, in the policies' order, and a sentence at the end [X21]. What
 * an answer is worth is judged where all answers are; here stands what the user is told about it, and what becomes of the
 * waiting session. Every step takes a session and gives another one.
 */

import { readAnswer } from '../../conversation/question-text.ts';
import { type Words, wordsFor } from '../../conversation/words.ts';
import type { SystemMessage } from '../../csp/system-message.ts';
import { needsNoAnswer, questionFor } from '../../negotiation/question.ts';
import { issueToken } from '../../negotiation/token.ts';
import {
  closed,
  countAsked,
  endings,
  type NegotiationWindow,
  WORTHLESS_ANSWERS_THAT_DENY,
} from '../../negotiation/window.ts';
import { type OffLinePolicy, type PolicySet, questionsOf } from '../../policy/model.ts';
import { chooseLanguage, textFor, textValues } from '../../policy/text.ts';
import { MESSAGE_ID_PREFIX } from '../../system-message/ids.ts';
import { countOutcomes } from '../counting.ts';
import { takeAnswer } from '../held-answers.ts';
import type { LoginParts } from '../login.ts';
import { type AskedQuestion, languagesOf, type WaitingMessage, type WaitingSession } from './waiting-sessions.ts';

export type AskingParts = Pick<
  LoginParts,
  'policies' | 'negotiations' | 'secrets' | 'clock' | 'metrics' | 'log' | 'publicUrl' | 'serviceContact'
>;

/** How long the end of a session can still be heard of. */
const ENDING_MILLIS = 60_000;
const MESSAGE_ID_BYTES = 9;

type EndReason = 'answered' | 'declined' | 'timed-out' | 'wrong-answers' | 'question-gone';

/** A question in the form in which it is shown. */
export interface Shown {
  readonly policy: OffLinePolicy;
  readonly question: AskedQuestion;
  readonly message: SystemMessage;
  readonly words: Words;
  readonly language: string;
}

/** The question that is being asked; undefined when there is none, or its policy set is not known any more. */
export function shownQuestion(parts: AskingParts, session: WaitingSession): Shown | undefined {
  const { question, userId, asked } = session;
  const policy = policyOf(parts, session, question?.policyId);
  if (question === undefined || policy === undefined) return undefined;
  const language = question.language ?? chooseLanguage(policy.message, languagesOf(session));
  const facts = { userId, vasp: asked.vasp };
  return {
    policy,
    question,
    message: questionFor(policy, facts, [language], question.token, parts.publicUrl()),
    words: wordsFor(language),
    language,
  };
}

function setOf(parts: AskingParts, { setHash }: WaitingSession): PolicySet | undefined {
  return parts.policies.live().find(({ hash }) => hash === setHash);
}

function policyOf(parts: AskingParts, session: WaitingSession, id: string | undefined): OffLinePolicy | undefined {
  const set = setOf(parts, session);
  return set && questionsOf(set).find((policy) => policy.id === id);
}

/** Puts the next question; when none is left, the session ends with thanks. */
export function askNext(parts: AskingParts, session: WaitingSession): WaitingSession {
  const [policyId] = session.toAsk;
  if (policyId === undefined) return end(parts, session, 'answered', wordsOf(session).thanks);
  const policy = policyOf(parts, session, policyId);
  if (policy === undefined) return end(parts, session, 'question-gone', wordsOf(session).questionIsGone);
  const now = parts.clock.wall();
  const languageIndex = [...policy.message.keys()].indexOf(chooseLanguage(policy.message, languagesOf(session)));
  const { asked, setHash } = session;
  const languageTold = session.languageTold !== undefined;
  const token = issueToken(parts.secrets, asked, { setHash, policy, languageIndex, languageTold }, now);
  const until = now + policy.timeoutMillis;
  return {
    ...session,
    question: { policyId, token, until, language: undefined, optionId: undefined },
    waiting: [waitingMessage(parts, 'question')],
    expiresAt: Math.max(session.expiresAt, until + ENDING_MILLIS),
  };
}

function waitingMessage(parts: AskingParts, about: WaitingMessage['about'], page = 0): WaitingMessage {
  return { messageId: freshMessageId(parts), about, page, sent: undefined };
}

export function freshMessageId({ secrets }: AskingParts): string {
  return MESSAGE_ID_PREFIX + Buffer.from(secrets.randomBytes(MESSAGE_ID_BYTES)).toString('base64url');
}

/** The words that fit what was shown last. */
export function wordsOf(session: WaitingSession): Words {
  const [told, ofVasp] = languagesOf(session);
  return wordsFor(session.question?.language ?? told ?? ofVasp ?? '');
}

/** The session when its question cannot be answered any more, ended with what the policy says about that. */
export function endIfTooLate(parts: AskingParts, session: WaitingSession): WaitingSession {
  const { question } = session;
  if (question === undefined) return session;
  const shown = shownQuestion(parts, session);
  if (shown === undefined) return end(parts, session, 'question-gone', wordsOf(session).questionIsGone);
  return parts.clock.wall() < question.until ? session : endTooLate(parts, session, shown);
}

function endTooLate(parts: AskingParts, session: WaitingSession, shown: Shown): WaitingSession {
  const { onTimeout } = shown.policy;
  const sentence = onTimeout.kind === 'deny' ? sentenceOf(session, shown, onTimeout.texts) : shown.words.timeIsOver;
  return end(parts, session, 'timed-out', sentence);
}

function sentenceOf(session: WaitingSession, { policy, language }: Shown, texts: OffLinePolicy['message']): string {
  return textFor(texts, [language], textValues(policy, { userId: session.userId, vasp: session.asked.vasp }));
}

/** What a user wrote to the service contact. */
export async function takeText(parts: AskingParts, session: WaitingSession, text: string): Promise<WaitingSession> {
  const shown = shownQuestion(parts, session);
  // After its end a conversation takes no more answers.
  if (session.question === undefined) return session;
  if (shown === undefined) return end(parts, session, 'question-gone', wordsOf(session).questionIsGone);
  const { policy, question, message, words, language } = shown;
  const read = readAnswer(text, message, question.optionId);
  if (read.lacksWord) return ask(parts, session, 'word', read.chosenOptionId);
  const answer = { id: question.token, ...read };
  const taken = await takeAnswer(parts, session.asked.vasp, answer, 'conversation', language);
  switch (taken.kind) {
    case 'chosen':
      return taken.option?.outcome.kind === 'deny'
        ? decline(parts, session, shown, taken.option.outcome.texts)
        : askNext(parts, { ...session, toAsk: session.toAsk.slice(1) });
    case 'late':
      await countAnswerTooLate(parts, session, policy);
      return endTooLate(parts, session, shown);
    case 'too-many':
      return giveUp(parts, session, words);
    case 'worthless':
      if (taken.wrongAnswers >= WORTHLESS_ANSWERS_THAT_DENY) return giveUp(parts, session, words);
      if (taken.reason === 'forged' || taken.reason === 'spent') {
        return end(parts, session, 'question-gone', words.questionIsGone);
      }
      return ask(parts, session, taken.reason === 'wrong-key' ? 'wrong-word' : 'no-such-option', undefined);
  }
}

/** Says something more about the question that is being asked. */
function ask(
  parts: AskingParts,
  session: WaitingSession,
  about: WaitingMessage['about'],
  optionId: string | undefined,
): WaitingSession {
  const question = session.question === undefined ? undefined : { ...session.question, optionId };
  return { ...session, question, waiting: [waitingMessage(parts, about)] };
}

/** The negotiation is over: the next login starts a new one [X16]. */
async function decline(
  parts: AskingParts,
  session: WaitingSession,
  shown: Shown,
  texts: OffLinePolicy['message'],
): Promise<WaitingSession> {
  await parts.negotiations.claim([shown.question.token]);
  await closeWindow(parts, session, new Map([[shown.policy.id, 'declined']]));
  return end(parts, session, 'declined', sentenceOf(session, shown, texts));
}

/** Wrong answers stay counted, so that the next login is told the same until they are old [X14]. */
async function giveUp(parts: AskingParts, session: WaitingSession, words: Words): Promise<WaitingSession> {
  await closeWindow(parts, session, new Map(session.toAsk.map((policy) => [policy, 'wrong-answers'])));
  return end(parts, session, 'wrong-answers', words.tooManyWrongAnswers);
}

async function closeWindow(
  { negotiations, metrics, clock }: AskingParts,
  { windowKey, asked }: WaitingSession,
  decided: ReadonlyMap<string, 'declined' | 'wrong-answers'>,
): Promise<void> {
  const window = await negotiations.changeWindow(windowKey, asked.vasp, closed);
  countOutcomes(metrics, asked.vasp, endings(window, decided, clock.wall()));
}

/** A late answer gets the policy's reduced grant: at the next login the question counts as asked too often [X14, X18]. */
async function countAnswerTooLate(parts: AskingParts, session: WaitingSession, policy: OffLinePolicy): Promise<void> {
  if (policy.onTimeout.kind !== 'grant') return;
  await changeWindow(parts, session, (window, now) => {
    let counted = window;
    for (let times = 0; times <= policy.resend; times++) counted = countAsked(counted, session.setHash, [policy], now);
    return counted;
  });
}

async function changeWindow(
  { negotiations, clock }: AskingParts,
  { windowKey, asked }: WaitingSession,
  change: (window: NegotiationWindow, now: number) => NegotiationWindow,
): Promise<void> {
  await negotiations.changeWindow(windowKey, asked.vasp, (window) => change(window, clock.wall()));
}

/** The client has a message. One that needs no answer has done its work with that, and the next question follows. */
export async function takeDelivery(
  parts: AskingParts,
  session: WaitingSession,
  isTheOne: (message: WaitingMessage) => boolean,
): Promise<WaitingSession> {
  const waiting = session.waiting.filter((message) => !isTheOne(message));
  if (waiting.length === session.waiting.length) return session;
  const delivered = { ...session, waiting };
  const policy = policyOf(parts, session, session.question?.policyId);
  if (waiting.length > 0 || policy === undefined || !needsNoAnswer(policy)) return delivered;
  await changeWindow(parts, session, (window, now) => countAsked(window, session.setHash, [policy], now));
  return askNext(parts, { ...delivered, toAsk: session.toAsk.slice(1) });
}

/** The message under its place for going out; a longer text leaves its next page behind it. */
export function markSent(
  parts: AskingParts,
  session: WaitingSession,
  message: WaitingMessage,
  { pages, language, transactionId }: { pages: number; language: string; transactionId: string },
): WaitingSession {
  const sent = { ...message, sent: { transactionId, at: parts.clock.wall() } };
  const isFirstTime = message.sent === undefined;
  const more = isFirstTime && message.page + 1 < pages ? [waitingMessage(parts, message.about, message.page + 1)] : [];
  return {
    ...session,
    question: session.question === undefined ? undefined : { ...session.question, language },
    waiting: session.waiting.flatMap((other) => (other === message ? [sent, ...more] : [other])),
  };
}

/** Ends the conversation: the sentence goes out with a Disconnect at the next poll. */
function end(parts: AskingParts, session: WaitingSession, reason: EndReason, sentence: string): WaitingSession {
  const { vasp, userKey, clientKey } = session.asked;
  parts.log.info('conversation ended', { vasp, user: userKey, client: clientKey, reason });
  return {
    ...session,
    toAsk: [],
    question: undefined,
    waiting: [],
    ending: sentence,
    expiresAt: parts.clock.wall() + Math.max(ENDING_MILLIS, session.keepAliveSeconds * 1000),
  };
}
