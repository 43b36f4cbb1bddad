/**
 * The handset without a person: logs in with answers given beforehand, does what it is told, sends, waits for what comes
 * and answers it, logs out.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { CspVersion } from '../../csp/versions.ts';
import { GivenAnswers } from './answers.ts';
import { type Answerer, needsChoice } from './asking.ts';
import { Commands, type Emit } from './commands.ts';
import type { Handset } from './handset.ts';
import type { LoginResult } from './login.ts';
import { notAvailable } from './report.ts';
import { answerServiceContact, isQuestion, replyTo } from './service-contact.ts';
import { HandsetError } from './transport.ts';

/** Exit statuses of the command. */
export const EXIT = { OK: 0, FAILED: 1, WRONG_USE: 2 } as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

const POLL_EVERY_MILLIS = 1000;
/** Where the service calls: a call that is lost must not leave the handset without its messages. */
const POLL_CALLED_EVERY_MILLIS = 60_000;

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
  /** Used before login instead of `answers`, where a person is there to ask. */
  readonly answerer?: Answerer;
  /** As they are typed in the dialogue, one after the other; `/quit` ends the script. */
  readonly commands?: readonly string[];
  readonly send: { readonly to: string; readonly text: string; readonly report: boolean } | undefined;
  /** How long to receive before logging out. */
  readonly waitSeconds: number;
}

/** Plays a script; the handset is logged out at its end, also when `stop` is raised. */
export async function playScript(handset: Handset, script: Script, emit: Emit, stop: AbortSignal): Promise<Exit> {
  const answers = script.answers === undefined ? undefined : new GivenAnswers(script.answers, emit);
  const wasUnusable = (): boolean => answers?.hadUnusable === true;
  const showOnly: Answerer = (messages) => {
    emit({ event: 'asked', messages });
    return undefined;
  };
  try {
    const result = await handset.login({ answer: script.answerer ?? answers?.atLogin() ?? showOnly });
    if (wasUnusable()) return EXIT.WRONG_USE;
    if (!reportLogin(result, handset.userId, script.version, emit)) return EXIT.FAILED;
    if (!(await letIn(handset, script, answers, result, emit))) return EXIT.FAILED;
    const commands = new Commands(handset, (text) => emit({ event: 'said', text }), emit);
    const take = (): Promise<void> => receiveOnce(handset, answers, commands, emit);
    for (const command of script.commands ?? []) {
      if (!handset.loggedIn || commands.quit || stop.aborted) break;
      await commands.run(command);
      if (!commands.quit) await take();
    }
    if (script.send !== undefined && handset.loggedIn) {
      // What a command asked for before holds too.
      await commands.send(script.send.to, script.send.text, script.send.report ? true : undefined);
    }
    if (!commands.quit) await receiveFor(handset, script.waitSeconds, take, stop);
    if (handset.loggedIn) await handset.logout();
    emit({ event: 'logged-out' });
    if (wasUnusable()) return EXIT.WRONG_USE;
    return commands.hadFailure ? EXIT.FAILED : EXIT.OK;
  } catch (error) {
    return reportFailure(error, emit);
  }
}

/** Whether the session is the VASP's: where it is the gateway's own, to be asked in, it is answered and left, once. */
async function letIn(
  handset: Handset,
  { version }: Script,
  answers: GivenAnswers | undefined,
  login: LoginResult,
  emit: Emit,
): Promise<boolean> {
  const wasAsked = login.kind === 'logged-in' && login.rounds > 0;
  if (answers === undefined || wasAsked || version === '1.3') return true;
  const reply = async (to: string, text: string): Promise<void> => {
    const { ok, code, description, messageId } = await handset.send(to, text);
    emit({ event: ok ? 'sent' : 'not-sent', to, code, description, messageId });
  };
  const conversed = await answerServiceContact(handset, answers, emit, reply);
  if (conversed === 'nothing-asked' || conversed === 'answered') return true;
  if (conversed === 'open') {
    if (!servesMessagesAlone(login, version)) return true;
  } else {
    const again = await handset.login();
    if (!reportLogin(again, handset.userId, version, emit)) return false;
    const more = await answerServiceContact(handset, answers.isAtEnd ? undefined : answers, emit, reply);
    if (more !== 'ended' && !servesMessagesAlone(again, version)) return true;
  }
  if (handset.loggedIn) await handset.logout();
  emit({ event: 'logged-out' });
  return false;
}

/** As the gateway's own sessions do, in which users are asked before their login [X21]. */
function servesMessagesAlone(login: LoginResult, version: CspVersion): boolean {
  return login.kind === 'logged-in' && notAvailable(login.unavailable, version).includes('presence and contacts');
}

/** Tells of a failure that the handset foresees; anything else is thrown on. */
export function reportFailure(error: unknown, emit: Emit): Exit {
  if (!(error instanceof HandsetError)) throw error;
  emit({ event: 'failed', code: error.code, message: error.message });
  return EXIT.FAILED;
}

/** Takes what waits, and answers what is asked while there are answers left. */
async function receiveOnce(
  handset: Handset,
  answers: GivenAnswers | undefined,
  commands: Commands,
  emit: Emit,
): Promise<void> {
  for (const received of await handset.receive()) {
    emit({ event: 'received', received });
    if (received.kind === 'message-waiting') await commands.came(received);
    if (!handset.loggedIn || answers === undefined || answers.isAtEnd) continue;
    if (isQuestion(received)) await commands.send(received.from, replyTo(received.text, answers.next() ?? ''));
    if (received.kind !== 'system-message') continue;
    const asked = received.messages.filter(needsChoice);
    const choices = asked.length === 0 ? undefined : answers.choices(asked);
    if (choices === undefined) continue;
    const { ok, code, description } = await handset.answerSystemMessages(asked, choices);
    emit({ event: ok ? 'answered' : 'not-taken', code, description });
  }
}

async function receiveFor(
  handset: Handset,
  seconds: number,
  take: () => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (seconds > 0 && handset.loggedIn && !stop.aborted) {
    await take();
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
