/**
 * The handset with a person at the terminal: shows System Messages as a phone does, asks for the choice, then takes
 * commands and texts while it polls for what comes. Exchanges never overlap: typing and polling wait for each other.
 */
import type { Interface } from 'node:readline/promises';
import type { CspVersion } from '../../csp/versions.ts';
import { type Answerer, type AskedMessage, type Choice, choiceOf, firstScreen, needsChoice } from './asking.ts';
import type { CirChannel } from './cir.ts';
import { Commands, type Emit, type Print } from './commands.ts';
import type { Handset } from './handset.ts';
import { headline, optionLines, sessionHeadline } from './report.ts';
import { EXIT, type Exit, reportFailure, reportLogin } from './script.ts';

const POLL_EVERY_MILLIS = 2000;
/** Where the service calls: a call that is lost must not leave the person without a message. */
const POLL_CALLED_EVERY_MILLIS = 60_000;
/** Asks the person at the terminal; an empty line where a choice is needed asks again, `q` gives up. */
export function askPerson(terminal: Interface, print: Print): Answerer {
  return async (messages) => {
    const choices: Choice[] = [];
    for (const [index, message] of messages.entries()) {
      print(headline(index, messages.length));
      const choice = await askOne(terminal, print, message, 'q = give up');
      if (choice === undefined) return undefined;
      choices.push(choice);
    }
    return choices;
  };
}

/** @param leaving what the person may type instead of an answer */
async function askOne(
  terminal: Interface,
  print: Print,
  message: AskedMessage,
  leaving: 'q = give up' | 'q = not now',
): Promise<Choice | undefined> {
  const { shown, rest } = firstScreen(message.text);
  let more = rest;
  print(more === '' ? shown : `${shown} ...`);
  for (const line of optionLines({ ...message, verification: undefined })) print(line);
  for (;;) {
    const wanted = message.options.length > 0 ? `choice 1-${message.options.length}` : 'Enter = seen';
    const answer = (await terminal.question(`[${wanted}${more === '' ? '' : ', m = more'}, ${leaving}] `)).trim();
    if (answer === 'q') return undefined;
    if (answer === 'm' && more !== '') {
      print(`... ${more}`);
      more = '';
      continue;
    }
    const choice = choiceOf({ ...message, verification: undefined }, answer);
    if ('kind' in choice) print(answer === '' ? 'Please choose.' : `"${answer}" is none of the options.`);
    else return withKey(terminal, message, choice);
  }
}

async function withKey(terminal: Interface, { verification }: AskedMessage, choice: Choice): Promise<Choice> {
  if (verification === undefined) return choice;
  const how = verification.inText ?? `See ${verification.url ?? 'the message'}.`;
  return { ...choice, key: (await terminal.question(`${how} `)).trim() };
}

/** Runs from login to logout; ends at /quit, at the end of input, on Ctrl-C, or when the service ends the session. */
export async function runDialogue(
  handset: Handset,
  version: CspVersion,
  terminal: Interface,
  print: Print,
  emit: Emit,
): Promise<Exit> {
  try {
    do {
      const result = await handset.login({ answer: askPerson(terminal, print) });
      if (!reportLogin(result, handset.userId, version, emit)) return EXIT.FAILED;
      print('Type /help for what you can do.');
    } while ((await converse(handset, terminal, print, emit)) === 'ended' && (await wantsIn(terminal)));
    if (handset.loggedIn) await handset.logout();
    emit({ event: 'logged-out' });
    return EXIT.OK;
  } catch (error) {
    return reportFailure(error, emit);
  }
}

/** A service that asks in a conversation ends the session when it has its answer [X21]. */
async function wantsIn(terminal: Interface): Promise<boolean> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  terminal.once('close', leave);
  terminal.once('SIGINT', leave);
  try {
    return (await terminal.question('[Enter = log in again, q = stop] ', { signal: gone.signal })).trim() !== 'q';
  } catch (error) {
    if (!gone.signal.aborted) throw error;
    return false;
  } finally {
    terminal.removeListener('close', leave);
    terminal.removeListener('SIGINT', leave);
  }
}

/** `ended`: by the service; `left`: by the person. */
function converse(handset: Handset, terminal: Interface, print: Print, emit: Emit): Promise<'ended' | 'left'> {
  return new Promise((resolve, reject) => {
    let ended = false;
    let shown = false;
    const show: Print = (line) => {
      shown = true;
      print(line);
    };
    const tell: Emit = (report) => {
      shown = true;
      emit(report);
    };
    const commands = new Commands(handset, show, tell);
    let work: Promise<void> = Promise.resolve();
    let steps = 0;
    const stop = (): void => {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      hangUp.abort();
      terminal.removeListener('line', line);
      terminal.removeListener('close', leave);
      terminal.removeListener('SIGINT', close);
      work.then(() => resolve(commands.quit ? 'left' : 'ended'), reject);
    };
    const next = (step: () => Promise<void>): void => {
      steps += 1;
      work = work.then(step);
      work.then(() => {
        steps -= 1;
        if (!handset.loggedIn || commands.quit) stop();
        else if (shown && !ended) terminal.prompt(true);
        shown = false;
      }, stop);
    };
    const poll = (): Promise<void> => receive(handset, terminal, commands, show, tell);
    const pollSoon = (): void => {
      // A person who takes long to answer must not find a heap of polls behind the answer.
      if (steps === 0) next(poll);
    };
    let timer = setInterval(pollSoon, POLL_EVERY_MILLIS);
    const hangUp = new AbortController();
    const listen = async (cir: CirChannel | undefined): Promise<void> => {
      if (cir === undefined || ended) return;
      clearInterval(timer);
      timer = setInterval(pollSoon, POLL_CALLED_EVERY_MILLIS);
      while (await cir.called(hangUp.signal)) if (!ended) next(poll);
      clearInterval(timer);
      if (!ended) timer = setInterval(pollSoon, POLL_EVERY_MILLIS);
    };
    void handset.cir().then(listen);
    const line = (text: string): void => {
      shown = true;
      next(async () => {
        await commands.run(text.trim());
        await poll();
      });
    };
    const leave = (): void => {
      commands.quit = true;
      stop();
    };
    const close = (): void => terminal.close();
    terminal.on('line', line);
    terminal.once('close', leave);
    terminal.once('SIGINT', close);
    terminal.setPrompt('> ');
    terminal.prompt();
    next(poll);
  });
}

async function receive(
  handset: Handset,
  terminal: Interface,
  commands: Commands,
  print: Print,
  emit: Emit,
): Promise<void> {
  if (!handset.loggedIn) return;
  for (const received of await handset.receive()) {
    if (received.kind !== 'system-message') {
      emit({ event: 'received', received });
      await commands.came(received);
      continue;
    }
    for (const message of received.messages) await answerInSession(handset, terminal, message, print, emit);
  }
}

/** Shows a System Message and takes the answer to it, where there is one to give [X40]. */
async function answerInSession(
  handset: Handset,
  terminal: Interface,
  message: AskedMessage,
  print: Print,
  emit: Emit,
): Promise<void> {
  if (!needsChoice(message)) {
    emit({ event: 'received', received: { kind: 'system-message', messages: [message] } });
    return;
  }
  print(sessionHeadline(message));
  const choice = await askOne(terminal, print, message, 'q = not now');
  if (choice === undefined || !handset.loggedIn) return;
  const { ok, code, description } = await handset.answerSystemMessages([message], [choice]);
  emit({ event: ok ? 'answered' : 'not-taken', code, description });
}
