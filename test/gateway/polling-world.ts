/** A phone that polls, a VASP with a line of messages for it, and a gateway with messages of its own. */
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { childText, type Element, element } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import type { CspMessage, Transaction } from '../../gateway/csp/message.ts';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import { setPoll } from '../../gateway/csp/splice.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { createRig, type Rig, type RigOptions, vaspAnswer } from '../transcripts/rig.ts';
import { loginRequest, loginResponse, message, type Spelling, statusOk } from './messages.ts';
import { ScriptedDesk } from './scripted-desk.ts';

export const SESSION = 'session-1';

export function newMessage(text: string): Element {
  return element('NewMessage', [
    element('MessageInfo', [element('MessageID', text), element('ContentSize', text.length)]),
    element('ContentData', text),
  ]);
}

/** Which message a primitive is about. */
export function textOf(primitive: Element | undefined): string | undefined {
  return primitive === undefined ? undefined : childText(primitive, 'ContentData');
}

export interface Heard {
  /** Empty for an answer without a body. */
  readonly transactions: readonly Transaction[];
  readonly poll: boolean | undefined;
  readonly message: CspMessage | undefined;
}

export class PollingWorld {
  readonly rig: Rig;
  readonly own = new ScriptedDesk();
  /** What the VASP has for the phone, each under the id `0`. */
  readonly atVasp: string[] = [];
  readonly #spelling: Spelling;
  #id = 0;

  private constructor(spelling: Spelling, options: RigOptions) {
    this.#spelling = spelling;
    this.rig = createRig({ ...('systemMessages' in options ? {} : { systemMessages: this.own }), ...options });
    this.rig.upstream.otherwise = ({ body }) => this.#vasp(body);
  }

  static async open(spelling: Spelling, options: RigOptions = {}): Promise<PollingWorld> {
    const world = new PollingWorld(spelling, options);
    await world.login();
    world.rig.upstream.seen.length = 0;
    return world;
  }

  login(): Promise<Heard> {
    this.vaspSays(message(this.#spelling, undefined, [['1', loginResponse(200, SESSION)]], 'Response'));
    return this.send(message(this.#spelling, undefined, [['1', loginRequest()]]));
  }

  /** A request in the session, as bytes. */
  message(...primitives: readonly Element[]): Buffer {
    const asked = primitives.map((primitive) => [`c${++this.#id}`, primitive] as const);
    return message(this.#spelling, SESSION, asked);
  }

  /** Does something while the VASP is asked next. */
  whenAsked(happens: () => void): void {
    this.rig.upstream.queue.push(({ body }) => {
      happens();
      return this.#vasp(body);
    });
  }

  /** The answer to the first transaction of a request, and what comes along. */
  answerWith({ body }: { readonly body: Buffer }, answer: Element, ...more: readonly Element[]) {
    const [asked] = scanEnvelope(body, this.#spelling.encoding).transactions;
    const others = more.map((primitive, index) => [`more ${index}`, primitive] as const);
    return vaspAnswer(this.vaspMessage([[asked?.id ?? '', answer], ...others], 'Response'), this.#contentType);
  }

  /** The VASP's next answer. */
  vaspSays(body: Uint8Array): void {
    this.rig.upstream.queue.push(vaspAnswer(body, this.#contentType));
  }

  get #contentType(): string {
    return contentTypeOf(this.#spelling.version, this.#spelling.encoding);
  }

  async send(body: Uint8Array): Promise<Heard> {
    const reply = await this.rig.send(body, this.#contentType);
    if (reply.body.length === 0) return { transactions: [], poll: undefined, message: undefined };
    const heard = decodeMessage(reply.body, this.#spelling.encoding);
    return { transactions: heard.transactions, poll: heard.poll, message: heard };
  }

  /** As if the user had accepted a level of these codes alone. */
  async grantOnly(...codes: readonly string[]): Promise<void> {
    const key = this.rig.secrets.keyedHash('session', 'verona', SESSION);
    const record = await this.rig.store.sessions.get(key);
    if (record === undefined) throw new Error('the session is not in the store');
    await this.rig.store.sessions.put(key, { ...record, granted: ServiceSet.ofCodes(codes) });
    this.rig.restart();
  }

  poll(): Promise<Heard> {
    return this.send(message(this.#spelling, SESSION, [['', element('Polling-Request')]]));
  }

  ask(...primitives: readonly Element[]): Promise<Heard> {
    return this.send(this.message(...primitives));
  }

  answer(...transactions: readonly (readonly [id: string, primitive: Element])[]): Promise<Heard> {
    return this.send(message(this.#spelling, SESSION, transactions, 'Response'));
  }

  vaspMessage(
    transactions: readonly (readonly [id: string, primitive: Element])[],
    mode: 'Request' | 'Response',
    poll?: boolean,
  ): Buffer {
    const body = message(this.#spelling, SESSION, transactions, mode);
    return poll === undefined ? body : setPoll(body, scanEnvelope(body, this.#spelling.encoding), poll);
  }

  /** Answers a poll with what waits, everything else with a Status; Poll is always right. */
  #vasp(body: Buffer) {
    const { transactions } = scanEnvelope(body, this.#spelling.encoding);
    const asked = transactions.filter(({ mode }) => mode === 'Request');
    const isPoll = asked.some(({ primitive }) => primitive === 'Polling-Request');
    const text = isPoll ? this.atVasp.shift() : undefined;
    const poll = this.atVasp.length > 0;
    if (text !== undefined) {
      return vaspAnswer(this.vaspMessage([['0', newMessage(text)]], 'Request', poll), this.#contentType);
    }
    if (isPoll || asked.length === 0) return vaspAnswer(Buffer.alloc(0), this.#contentType);
    const answers = asked.map(({ id }) => [id, statusOk] as const);
    return vaspAnswer(this.vaspMessage(answers, 'Response', poll), this.#contentType);
  }
}
