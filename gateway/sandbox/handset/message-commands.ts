/**
 * The commands for messages that wait at the service. A message is named by its MessageID, or by its place in the list that
 * was shown last, because nobody types a MessageID.
 */
import type { Emit, Print } from './commands.ts';
import type { Outcome } from './events.ts';
import type { Handset } from './handset.ts';
import { KeptMessages, type WaitingMessage } from './kept-messages.ts';

export const MESSAGE_HELP = [
  '  /list                the messages that wait for you',
  '  /get [MESSAGE]       fetch one, by its place in the list or its MessageID; or all of them',
  '  /reject MESSAGE      refuse one unread; its sender is told',
  '  /forward MESSAGE to ADDRESS  send one on to somebody else, unread',
  '  /method N            let messages be announced from now on, for you to fetch; P has them sent to you at once',
  '  /report on           be told when what you write has arrived; off ends that',
];

export class MessageCommands {
  /** Delivery reports are wanted of what is sent. */
  wantsReports = false;
  /** Announced messages are left to be fetched by hand. */
  #fetchesByHand = false;
  readonly #messages: KeptMessages;
  readonly #print: Print;
  readonly #emit: Emit;
  readonly #tell: (outcome: Outcome, done: string) => void;
  #listed: readonly WaitingMessage[] = [];

  /** @param tell says that something is done, or why it did not work */
  constructor(handset: Handset, print: Print, emit: Emit, tell: (outcome: Outcome, done: string) => void) {
    this.#messages = new KeptMessages(handset);
    this.#print = print;
    this.#emit = emit;
    this.#tell = tell;
  }

  /** False where the command is none of these. */
  async run(command: string, words: readonly string[]): Promise<boolean> {
    const [first = '', ...others] = words;
    switch (command) {
      case '/list':
        await this.#list();
        return true;
      case '/get':
        await (first === '' ? this.#getAll() : this.#get(this.#idOf(first)));
        return true;
      case '/reject':
        if (first === '') this.#print('Which? For example /reject 1, after /list');
        else this.#tell(await this.#messages.reject(this.#idOf(first)), 'Refused.');
        return true;
      case '/forward':
        await this.#forward(first, others.at(-1));
        return true;
      case '/method':
        await this.#deliverBy(first.toUpperCase());
        return true;
      case '/report':
        this.#report(first);
        return true;
      default:
        return false;
    }
  }

  /** A message is announced: it is fetched, unless the person wants to do that. */
  async announced(messageId: string): Promise<void> {
    if (this.#fetchesByHand) this.#print(`/get ${messageId} fetches it, /reject refuses it, /forward sends it on.`);
    else await this.#get(messageId);
  }

  async #list(): Promise<void> {
    const outcome = await this.#messages.list();
    this.#listed = outcome.waiting;
    if (!outcome.ok || this.#listed.length === 0) return this.#tell(outcome, 'No message waits for you.');
    for (const [index, { messageId, from, bytes, sentAt }] of this.#listed.entries()) {
      const size = bytes === undefined ? '' : `, ${bytes} bytes`;
      this.#print(`  ${index + 1}) from ${from}${size}${sentAt === undefined ? '' : `, ${sentAt}`} (${messageId})`);
    }
  }

  async #getAll(): Promise<void> {
    const outcome = await this.#messages.list();
    if (!outcome.ok || outcome.waiting.length === 0) return this.#tell(outcome, 'No message waits for you.');
    for (const { messageId } of outcome.waiting) await this.#get(messageId);
  }

  async #get(messageId: string): Promise<void> {
    const { message, ...outcome } = await this.#messages.fetch(messageId);
    if (message === undefined) this.#tell({ ...outcome, ok: false }, '');
    else this.#emit({ event: 'received', received: message });
  }

  async #forward(which: string, to: string | undefined): Promise<void> {
    if (which === '' || to === undefined)
      return this.#print('Which, to whom? For example /forward 1 to wv:carl@sandbox');
    this.#tell(await this.#messages.forward(this.#idOf(which), to), `Sent on to ${to}.`);
  }

  async #deliverBy(method: string): Promise<void> {
    if (method !== 'P' && method !== 'N') return this.#print('/method P or /method N');
    const outcome = await this.#messages.deliverBy(method);
    if (outcome.ok) this.#fetchesByHand = method === 'N';
    this.#tell(
      outcome,
      method === 'P' ? 'Messages are sent to you at once.' : 'Messages are announced, and you fetch them.',
    );
  }

  #report(which: string): void {
    if (which !== 'on' && which !== 'off') {
      this.#print('/report on or /report off');
      return;
    }
    this.wantsReports = which === 'on';
    this.#print(this.wantsReports ? 'You are told when what you write has arrived.' : 'You are not told any more.');
  }

  /** A MessageID, or the place in the last list. */
  #idOf(which: string): string {
    return /^[0-9]{1,4}$/.test(which) ? (this.#listed[Number(which) - 1]?.messageId ?? which) : which;
  }
}
