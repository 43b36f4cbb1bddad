/**
 * The handset with a person at the terminal: shows System Messages as a phone does, asks for the choice, then takes
 * commands and texts while it polls for what comes. Exchanges never overlap: typing and polling wait for each other.
 */
import type { Interface } from 'node:readline/promises';
import type { CspVersion } from '../../csp/versions.ts';
import { type Answerer, type AskedMessage, type Choice, choiceOf, firstScreen } from './asking.ts';
import type { CirChannel } from './cir.ts';
import type { Handset } from './handset.ts';
import { headline, optionLines, presenceWords } from './report.ts';
import { type Emit, EXIT, type Exit, reportFailure, reportLogin, send } from './script.ts';

export type Print = (line: string) => void;

const POLL_EVERY_MILLIS = 2000;
/** Where the service calls: a call that is lost must not leave the person without a message. */
const POLL_CALLED_EVERY_MILLIS = 60_000;
const HELP = [
  'Text alone is sent to the person chosen with /to, or else to whoever wrote last.',
  '  /to ADDRESS          who gets what you type, for example /to wv:bob@sandbox',
  '  /presence [ADDRESS]  how somebody is, or everybody in your contact lists',
  '  /status TEXT         publish a status text',
  '  /contacts            your contact lists',
  '  /add ADDRESS         put somebody into a contact list',
  '  /watch ADDRESS       hear of somebody going on- and off-line',
  '  /block ADDRESS       no more messages from there; /unblock undoes it',
  '  /quit                log out',
];

/** Asks the person at the terminal; an empty line where a choice is needed asks again, `q` gives up. */
export function askPerson(terminal: Interface, print: Print): Answerer {
  return async (messages) => {
    const choices: Choice[] = [];
    for (const [index, message] of messages.entries()) {
      print(headline(index, messages.length));
      const choice = await askOne(terminal, print, message);
      if (choice === undefined) return undefined;
      choices.push(choice);
    }
    return choices;
  };
}

async function askOne(terminal: Interface, print: Print, message: AskedMessage): Promise<Choice | undefined> {
  const { shown, rest } = firstScreen(message.text);
  let more = rest;
  print(more === '' ? shown : `${shown} ...`);
  for (const line of optionLines({ ...message, verification: undefined })) print(line);
  for (;;) {
    const wanted = message.options.length > 0 ? `choice 1-${message.options.length}` : 'Enter = seen';
    const answer = (await terminal.question(`[${wanted}${more === '' ? '' : ', m = more'}, q = give up] `)).trim();
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
      if (received.kind === 'message') commands.heardFrom(received.from);
      continue;
    }
    const choices = await askPerson(terminal, print)(received.messages);
    if (choices === undefined) continue;
    const { ok, code, description } = await handset.answerSystemMessages(received.messages, choices);
    print(ok ? 'Answered.' : `Not taken: ${code} ${description}`);
  }
}

class Commands {
  quit = false;
  readonly #handset: Handset;
  readonly #print: Print;
  readonly #emit: Emit;
  #to: string | undefined;
  /** Whether `/to` chose; if not, replies go to whoever wrote last. */
  #hasChosen = false;

  constructor(handset: Handset, print: Print, emit: Emit) {
    this.#handset = handset;
    this.#print = print;
    this.#emit = emit;
  }

  /** Who has chosen nobody replies to whoever wrote last. */
  heardFrom(address: string): void {
    if (this.#hasChosen || this.#to === address) return;
    this.#to = address;
    this.#print(`What you type goes to ${address}; /to chooses somebody else.`);
  }

  async run(line: string): Promise<void> {
    if (line === '' || !this.#handset.loggedIn) return;
    if (!line.startsWith('/')) return this.#say(line);
    const [command = '', ...words] = line.split(/\s+/);
    const rest = words.join(' ');
    switch (command) {
      case '/to':
        this.#to = rest === '' ? undefined : rest;
        this.#hasChosen = rest !== '';
        return this.#print(rest === '' ? 'Nobody is chosen.' : `What you type goes to ${rest}.`);
      case '/presence':
        return this.#presence(rest);
      case '/status':
        return this.#tell(await this.#handset.publish({ StatusText: rest }), 'Published.');
      case '/contacts':
        return this.#contacts();
      case '/add':
        return this.#add(rest);
      case '/watch':
        return this.#tell(await this.#handset.subscribe([rest]), `You will hear of ${rest}.`);
      case '/block':
        return this.#tell(await this.#handset.block(rest), `${rest} is blocked.`);
      case '/unblock':
        return this.#tell(await this.#handset.unblock(rest), `${rest} is not blocked any more.`);
      case '/quit':
        this.quit = true;
        return;
      default:
        for (const text of HELP) this.#print(text);
    }
  }

  async #say(text: string): Promise<void> {
    if (this.#to === undefined) return this.#print('To whom? Choose with /to wv:bob@sandbox, for example.');
    await send(this.#handset, { to: this.#to, text, report: false }, this.#emit);
  }

  #tell({ ok, code, description }: { ok: boolean; code: number; description: string }, done: string): void {
    this.#print(ok ? done : `That did not work: ${code} ${description}`);
  }

  async #presence(address: string): Promise<void> {
    const addresses = address === '' ? await this.#everybody() : [address];
    if (addresses.length === 0) return this.#print('Your contact lists are empty; add somebody with /add ADDRESS.');
    const outcome = await this.#handset.presence(addresses);
    for (const { userId, attributes } of outcome.presences) this.#print(`${userId} is ${presenceWords(attributes)}.`);
    if (!outcome.ok) this.#tell(outcome, '');
  }

  async #everybody(): Promise<string[]> {
    const { lists } = await this.#handset.contactLists();
    const members: string[] = [];
    for (const list of lists) {
      const { contacts } = await this.#handset.contacts(list);
      members.push(...contacts.map(({ userId }) => userId));
    }
    return [...new Set(members)];
  }

  async #contacts(): Promise<void> {
    const outcome = await this.#handset.contactLists();
    if (!outcome.ok || outcome.lists.length === 0)
      return this.#tell(outcome, 'You have no contact list yet; /add makes one.');
    for (const list of outcome.lists) {
      this.#print(list);
      const { contacts } = await this.#handset.contacts(list);
      for (const { userId, nickName } of contacts)
        this.#print(`  ${userId}${nickName === undefined ? '' : ` (${nickName})`}`);
    }
  }

  async #add(address: string): Promise<void> {
    if (address === '') return this.#print('Whom? For example /add wv:bob@sandbox');
    const [list] = (await this.#handset.contactLists()).lists;
    const outcome =
      list === undefined
        ? await this.#handset.createList(this.#handset.userId.replace(/(?=@|$)/, '/friends'), [address])
        : await this.#handset.addContact(list, address);
    this.#tell(outcome, `${address} is in your contacts.`);
  }
}
