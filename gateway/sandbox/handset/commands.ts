/** What a person types into the handset, or a script gives it: commands that begin with a slash, and texts to somebody. */
import type { HandsetEvent } from './events.ts';
import type { Handset } from './handset.ts';
import { MESSAGE_HELP, MessageCommands } from './message-commands.ts';
import { presenceWords, type Report } from './report.ts';
import { isServiceContact, serviceContactOf } from './service-contact.ts';

export type Print = (line: string) => void;
export type Emit = (report: Report) => void;

const HELP = [
  'Text alone is sent to the person chosen with /to, or else to whoever wrote last.',
  '  /to ADDRESS          who gets what you type, for example /to wv:bob@sandbox',
  '  /presence [ADDRESS]  how somebody is, or everybody in your contact lists',
  '  /status TEXT         publish a status text',
  '  /place TEXT          publish where you are',
  '  /contacts            your contact lists',
  '  /add ADDRESS         put somebody into a contact list',
  '  /remove ADDRESS      take somebody out of every contact list',
  '  /watch ADDRESS       hear of somebody going on- and off-line',
  '  /allow ADDRESS       let somebody see how you are; /deny does not let',
  '  /block ADDRESS       no more messages from there; /unblock undoes it',
  ...MESSAGE_HELP,
  '  /service TEXT        write to the service itself, for example /service help',
  '  /quit                log out',
];

export class Commands {
  quit = false;
  /** Something was refused. */
  hadFailure = false;
  readonly #handset: Handset;
  readonly #print: Print;
  readonly #emit: Emit;
  readonly #messages: MessageCommands;
  #to: string | undefined;
  /** Whether `/to` chose; if not, replies go to whoever wrote last. */
  #hasChosen = false;
  #serviceContact: string;

  constructor(handset: Handset, print: Print, emit: Emit) {
    this.#handset = handset;
    this.#print = print;
    this.#emit = emit;
    this.#serviceContact = serviceContactOf(handset.userId);
    const fetched: Emit = (report) => {
      emit(report);
      if (report.event === 'received' && report.received.kind === 'message') this.#heardFrom(report.received.from);
    };
    this.#messages = new MessageCommands(handset, print, fetched, (outcome, done) => this.#tell(outcome, done));
  }

  /** What came in a session: who wrote is remembered, what is only announced is fetched. */
  async came(event: HandsetEvent): Promise<void> {
    if (event.kind === 'message') this.#heardFrom(event.from);
    else if (event.kind === 'message-waiting') await this.#messages.announced(event.messageId);
  }

  /** Who has chosen nobody replies to whoever wrote last. */
  #heardFrom(address: string): void {
    if (isServiceContact(address)) this.#serviceContact = address;
    if (this.#hasChosen || this.#to === address) return;
    this.#to = address;
    this.#print(`What you type goes to ${address}; /to chooses somebody else.`);
  }

  async run(line: string): Promise<void> {
    if (line === '' || !this.#handset.loggedIn) return;
    if (!line.startsWith('/')) return this.#say(line);
    const [command = '', ...words] = line.split(/\s+/);
    const rest = words.join(' ');
    if (rest === '' && NEEDS_ADDRESS.has(command)) return this.#print(`Whom? For example ${command} wv:bob@sandbox`);
    switch (command) {
      case '/to':
        this.#to = rest === '' ? undefined : rest;
        this.#hasChosen = rest !== '';
        return this.#print(rest === '' ? 'Nobody is chosen.' : `What you type goes to ${rest}.`);
      case '/presence':
        return this.#presence(rest);
      case '/status':
        return this.#tell(await this.#handset.publish({ StatusText: rest }), 'Published.');
      case '/place':
        return this.#tell(await this.#handset.publish({ FreeTextLocation: rest }), 'Published.');
      case '/contacts':
        return this.#contacts();
      case '/add':
        return this.#add(rest);
      case '/remove':
        return this.#remove(rest);
      case '/watch':
        return this.#tell(await this.#handset.subscribe([rest]), `You will hear of ${rest}.`);
      case '/allow':
        return this.#tell(await this.#handset.showPresenceTo(rest, true), `${rest} sees how you are.`);
      case '/deny':
        return this.#tell(await this.#handset.showPresenceTo(rest, false), `${rest} does not see how you are.`);
      case '/block':
        return this.#tell(await this.#handset.block(rest), `${rest} is blocked.`);
      case '/unblock':
        return this.#tell(await this.#handset.unblock(rest), `${rest} is not blocked any more.`);
      case '/service':
        return this.send(this.#serviceContact, rest);
      case '/quit':
        this.quit = true;
        return;
      default:
        if (!(await this.#messages.run(command, words))) for (const text of HELP) this.#print(text);
    }
  }

  async #say(text: string): Promise<void> {
    if (this.#to === undefined) return this.#print('To whom? Choose with /to wv:bob@sandbox, for example.');
    await this.send(this.#to, text);
  }

  async send(to: string, text: string, report = this.#messages.wantsReports): Promise<void> {
    const { ok, code, description, messageId } = await this.#handset.send(to, text, { report });
    if (!ok) this.hadFailure = true;
    this.#emit({ event: ok ? 'sent' : 'not-sent', to, code, description, messageId });
  }

  #tell({ ok, code, description }: { ok: boolean; code: number; description: string }, done: string): void {
    if (!ok) this.hadFailure = true;
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
    const found = await this.#handset.contactLists();
    if (!found.ok) return this.#tell(found, '');
    const [list] = found.lists;
    const outcome =
      list === undefined
        ? await this.#handset.createList(this.#handset.userId.replace(/(?=@|$)/, '/friends'), [address])
        : await this.#handset.addContact(list, address);
    this.#tell(outcome, `${address} is in your contacts.`);
  }

  async #remove(address: string): Promise<void> {
    const found = await this.#handset.contactLists();
    const outcomes = [found];
    for (const list of found.lists)
      outcomes.push({ ...(await this.#handset.removeContact(list, address)), lists: [list] });
    this.#tell(outcomes.find(({ ok }) => !ok) ?? found, `${address} is in no contact list of yours.`);
  }
}

const NEEDS_ADDRESS: ReadonlySet<string> = new Set([
  '/add',
  '/remove',
  '/watch',
  '/allow',
  '/deny',
  '/block',
  '/unblock',
]);
