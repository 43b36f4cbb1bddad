/** The handset without a person: logs in with answers given beforehand, sends, waits for what comes, logs out. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CspVersion } from '../../csp/versions.ts';
import { type Answerer, type Choice, choiceOf } from './asking.ts';
import type { Handset } from './handset.ts';
import type { LoginResult } from './login.ts';
import { notAvailable, type Report } from './report.ts';
import { answerServiceContact } from './service-contact.ts';
import { HandsetError } from './transport.ts';

export type Emit = (report: Report) => void;

/** Exit statuses of the command. */
export const EXIT = { OK: 0, FAILED: 1, WRONG_USE: 2 } as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

const POLL_EVERY_MILLIS = 1000;
/** Where the service calls: a call that is lost must not leave the handset without its messages. */
const POLL_CALLED_EVERY_MILLIS = 60_000;

/**
 * Answers messages in order from a list; when it is at its end the last answer serves for all further messages of the same
 * question, and a question that is repeated after that is given up on. `unusable` is called for an answer that fits no option.
 */
export function answersInOrder(answers: readonly string[], emit: Emit, unusable: () => void): Answerer {
  let next = 0;
  let used = false;
  return (messages) => {
    emit({ event: 'asked', messages });
    if (used && next >= answers.length) return undefined;
    used = true;
    const choices: Choice[] = [];
    for (const message of messages) {
      const answer = answers[Math.min(next, answers.length - 1)] ?? '';
      next += 1;
      const choice = choiceOf(message, answer);
      if ('kind' in choice) {
        emit({ event: 'unusable-answer', answer, options: message.options.map(({ text }) => text) });
        unusable();
        return undefined;
      }
      choices.push(choice);
    }
    return choices;
  };
}

/** Tells how a login ended; true when there is a session. */
export function reportLogin(result: LoginResult, userId: string, version: CspVersion, emit: Emit): boolean {
  if (result.kind === 'logged-in') {
    const { keepAliveSeconds, unavailable } = result;
    emit({ event: 'logged-in', user: userId, keepAliveSeconds, notAvailable: notAvailable(unavailable, version) });
    return true;
  }
  const { code, description } = result;
  emit({ event: result.kind, code, description });
  return false;
}

export interface Script {
  readonly version: CspVersion;
  /** One a message, in order; undefined: messages that ask are only shown. */
  readonly answers: readonly string[] | undefined;
  /** Used instead of `answers`, where a person is there to ask. */
  readonly answerer?: Answerer;
  readonly send: { readonly to: string; readonly text: string; readonly report: boolean } | undefined;
  /** How long to receive before logging out. */
  readonly waitSeconds: number;
}

/** Plays a script; the handset is logged out at its end, also when `stop` is raised. */
export async function playScript(handset: Handset, script: Script, emit: Emit, stop: AbortSignal): Promise<Exit> {
  let wrongUse = false;
  const showOnly: Answerer = (messages) => {
    emit({ event: 'asked', messages });
    return undefined;
  };
  const byList =
    script.answers === undefined
      ? showOnly
      : answersInOrder(script.answers, emit, () => {
          wrongUse = true;
        });
  try {
    const result = await handset.login({ answer: script.answerer ?? byList });
    if (wrongUse) return EXIT.WRONG_USE;
    if (!reportLogin(result, handset.userId, script.version, emit)) return EXIT.FAILED;
    if (!(await letIn(handset, script, result, emit))) return EXIT.FAILED;
    const sent = script.send === undefined || (await send(handset, script.send, emit));
    await receiveFor(handset, script.waitSeconds, emit, stop);
    if (handset.loggedIn) await handset.logout();
    emit({ event: 'logged-out' });
    return sent ? EXIT.OK : EXIT.FAILED;
  } catch (error) {
    return reportFailure(error, emit);
  }
}

/** Whether the session is the service's own: where it is one to be asked in, it is answered and left, once. */
async function letIn(handset: Handset, { answers, version }: Script, login: LoginResult, emit: Emit): Promise<boolean> {
  const wasAsked = login.kind === 'logged-in' && login.rounds > 0;
  if (answers === undefined || wasAsked || version === '1.3') return true;
  const reply = (to: string, text: string): Promise<boolean> => send(handset, { to, text, report: false }, emit);
  const conversed = await answerServiceContact(handset, answers, emit, reply);
  if (conversed === 'nothing-asked') return true;
  if (conversed === 'ended') {
    const again = await handset.login();
    if (!reportLogin(again, handset.userId, version, emit)) return false;
    if ((await answerServiceContact(handset, [], emit, reply)) === 'nothing-asked') return true;
  }
  if (handset.loggedIn) await handset.logout();
  emit({ event: 'logged-out' });
  return false;
}

/** Tells of a failure that the handset foresees; anything else is thrown on. */
export function reportFailure(error: unknown, emit: Emit): Exit {
  if (!(error instanceof HandsetError)) throw error;
  emit({ event: 'failed', code: error.code, message: error.message });
  return EXIT.FAILED;
}

export async function send(
  handset: Handset,
  { to, text, report }: { readonly to: string; readonly text: string; readonly report: boolean },
  emit: Emit,
): Promise<boolean> {
  const { ok, code, description, messageId } = await handset.send(to, text, { report });
  emit({ event: ok ? 'sent' : 'not-sent', to, code, description, messageId });
  return ok;
}

async function receiveFor(handset: Handset, seconds: number, emit: Emit, stop: AbortSignal): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (seconds > 0 && handset.loggedIn && !stop.aborted) {
    for (const received of await handset.receive()) emit({ event: 'received', received });
    const left = end - performance.now();
    if (left <= 0) return;
    const cir = await handset.cir();
    const enough = new AbortController();
    const pause = Math.min(left, cir === undefined ? POLL_EVERY_MILLIS : POLL_CALLED_EVERY_MILLIS);
    // An abort ends the waiting and nothing more: the caller logs out.
    const waited = delay(pause, undefined, { signal: AbortSignal.any([stop, enough.signal]) }).catch(() => undefined);
    await Promise.race([
      waited,
      cir?.called(enough.signal).then((isCalled) => (isCalled ? undefined : waited)) ?? waited,
    ]);
    enough.abort();
  }
}
