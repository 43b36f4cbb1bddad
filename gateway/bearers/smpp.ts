/**
 * Text messages by SMPP 3.4 to a short message centre. One connection, bound when there is something to send and kept then;
 * a new one after pauses that grow as long as none proves itself by an answer. A long text goes in parts, all of which must
 * be taken.
 */
import { randomInt } from 'node:crypto';
import type { BearerConfig } from '../config.ts';
import type { Bearer, BearerMessage, BearerOutcome } from '../mailbox-ports.ts';
import { alphabetOf } from '../policy/sms-alphabet.ts';
import type { Clock } from '../ports.ts';
import { asOctets, readCredentials } from './credentials.ts';
import { SmppSession } from './smpp-session.ts';
import { type SmsPart, smsParts } from './sms-text.ts';

export interface SmppOptions {
  readonly clock: Clock;
  /** For one message, with all that it needs. */
  readonly timeoutMillis: number;
  /** How often the other side is asked whether it is still there; 30 s unless told. */
  readonly enquireMillis?: number;
  /** PEM of the authorities that are believed; undefined: those of Node. */
  readonly authorities?: string | undefined;
}

type SmppConfig = Extract<BearerConfig, { readonly kind: 'smpp' }>;
type Bound = { readonly kind: 'bound'; readonly session: SmppSession } | BearerOutcome;

const ENQUIRE_MILLIS = 30_000;
const FIRST_PAUSE_MILLIS = 1_000;
const LONGEST_PAUSE_MILLIS = 60_000;
const TIMEOUT: Extract<BearerOutcome, { kind: 'try-again' }> = { kind: 'try-again', failure: 'timeout' };

/** The connection is not bound any more; the message itself was not looked at. */
const NOT_BOUND = 0x04;
/** System error, queue full, throttled. */
const PASSING: ReadonlySet<number> = new Set([NOT_BOUND, 0x08, 0x14, 0x58]);

const DATA_CODING = { gsm: 0, ucs2: 8 };
const HAS_HEADER = 0x40;
const ISDN = 1;
const INTERNATIONAL = 1;
const NETWORK_SPECIFIC = 3;
const ALPHANUMERIC = 5;
const LONGEST_SHORT_NUMBER = 8;

export function openSmpp(config: SmppConfig, options: SmppOptions): Bearer {
  return new Smpp(config, options);
}

class Smpp implements Bearer {
  readonly #config: SmppConfig;
  readonly #options: SmppOptions;
  #session: SmppSession | undefined;
  #binding: Promise<Bound> | undefined;
  #pauseMillis = 0;
  /** Of the monotonic clock: no connection before. */
  #notBefore = 0;
  #lastFailure = 'lost';
  #isClosed = false;
  #reference = randomInt(256);

  constructor(config: SmppConfig, options: SmppOptions) {
    this.#config = config;
    this.#options = options;
  }

  async send(message: BearerMessage): Promise<BearerOutcome> {
    if (message.number === undefined) return { kind: 'refused', failure: 'no-number' };
    const patience = patienceOf(this.#options.timeoutMillis);
    let isSubmitted = false;
    const begins = (): boolean => {
      isSubmitted = !patience.isOver();
      return isSubmitted;
    };
    const sending = this.#send(message, message.number, begins);
    try {
      const outcome = await Promise.race([sending, patience.over]);
      return outcome === TIMEOUT && isSubmitted ? { ...TIMEOUT, mayHaveSent: true } : outcome;
    } finally {
      patience.end();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#session?.close();
    this.#session = undefined;
  }

  /** @param begins told right before the first part goes out; false: it must not */
  async #send({ text }: BearerMessage, number: string, begins: () => boolean): Promise<BearerOutcome> {
    const bound = await this.#bound();
    if (bound.kind !== 'bound') return bound;
    // What was told to be tried again must not go out now.
    if (!begins()) return TIMEOUT;
    const alphabet = alphabetOf(text);
    this.#reference = (this.#reference + 1) & 0xff;
    const parts = smsParts(text, alphabet, this.#reference);
    const fields = { ...sourceOf(this.#config.from), ...destinationOf(number), data_coding: DATA_CODING[alphabet] };
    const outcomes = await Promise.all(
      parts.map((part) => this.#submit(bound.session, { ...fields, ...bodyOf(part) })),
    );
    const failed = outcomes.find(({ kind }) => kind !== 'sent');
    if (failed?.kind !== 'try-again') return failed ?? { kind: 'sent' };
    // Some of its parts are with the user.
    return outcomes.some(({ kind }) => kind === 'sent') ? { ...failed, mayHaveSent: true } : failed;
  }

  async #submit(
    session: SmppSession,
    fields: Readonly<Record<string, string | number | Buffer>>,
  ): Promise<BearerOutcome> {
    const answer = await session.request('submit_sm', fields);
    if (answer.kind === 'failed') {
      // Slow with one message, or gone: the connection is kept only where it answers at all.
      if (answer.code === 'timeout') void this.#probe(session);
      else this.#failed(answer.code, session);
      return { kind: 'try-again', failure: answer.code, mayHaveSent: true };
    }
    const { status } = answer;
    if (status === NOT_BOUND) {
      session.cut();
      this.#failed(hex(status), session);
    } else {
      this.#pauseMillis = 0;
    }
    if (status === 0) return { kind: 'sent' };
    return PASSING.has(status)
      ? { kind: 'try-again', failure: `answered-${hex(status)}` }
      : { kind: 'refused', failure: `refused-${hex(status)}` };
  }

  async #probe(session: SmppSession): Promise<void> {
    await session.probe();
    if (!session.isOpen()) this.#failed('timeout', session);
  }

  /** A connection that is bound; one for all who ask meanwhile. */
  #bound(): Promise<Bound> | Bound {
    const session = this.#session;
    if (session?.isOpen() === true) return { kind: 'bound', session };
    if (this.#binding !== undefined) return this.#binding;
    if (this.#isClosed || this.#options.clock.monotonic() < this.#notBefore) {
      return { kind: 'try-again', failure: this.#lastFailure };
    }
    this.#binding = this.#bind().finally(() => {
      this.#binding = undefined;
    });
    return this.#binding;
  }

  async #bind(): Promise<Bound> {
    const credentials = await readCredentials(this.#config);
    if (credentials.kind === 'unusable') return { kind: 'try-again', failure: 'no-credentials' };
    const { timeoutMillis, enquireMillis = ENQUIRE_MILLIS, authorities } = this.#options;
    const address = { ...addressOf(this.#config.url), authorities };
    const session = new SmppSession(address, { timeoutMillis, enquireMillis });
    this.#session = session;
    const answer = await session.bind({
      systemId: asOctets(credentials.user),
      password: asOctets(credentials.password),
      systemType: this.#config.systemType ?? '',
    });
    if (this.#isClosed) await session.close();
    if (answer.kind === 'answered' && answer.status === 0) return { kind: 'bound', session };
    const failure = answer.kind === 'answered' ? `bind-${hex(answer.status)}` : answer.code;
    this.#failed(failure, session);
    return { kind: 'try-again', failure };
  }

  /** The connection is of no use: the next one only after a pause, once for all that failed with it. */
  #failed(failure: string, session: SmppSession): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#lastFailure = failure;
    this.#pauseMillis = Math.min(Math.max(2 * this.#pauseMillis, FIRST_PAUSE_MILLIS), LONGEST_PAUSE_MILLIS);
    this.#notBefore = this.#options.clock.monotonic() + this.#pauseMillis;
  }
}

/** What `send` waits for at most. */
function patienceOf(millis: number): {
  readonly over: Promise<BearerOutcome>;
  isOver(): boolean;
  end(): void;
} {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<BearerOutcome>((resolve) => {
    timer = setTimeout(() => {
      isOver = true;
      resolve(TIMEOUT);
    }, millis);
  });
  return { over, isOver: () => isOver, end: () => clearTimeout(timer) };
}

function addressOf(url: string): { readonly host: string; readonly port: number; readonly isSecure: boolean } {
  const { protocol, hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), isSecure: protocol === 'smpps:' };
}

/** Type of number and numbering plan, as message centres take them. */
function sourceOf(from: string | undefined): Readonly<Record<string, string | number>> {
  if (from === undefined) return {};
  if (from.startsWith('+')) {
    return { source_addr_ton: INTERNATIONAL, source_addr_npi: ISDN, source_addr: from.slice(1) };
  }
  if (!/^\d+$/.test(from)) return { source_addr_ton: ALPHANUMERIC, source_addr_npi: 0, source_addr: from };
  return from.length <= LONGEST_SHORT_NUMBER
    ? { source_addr_ton: NETWORK_SPECIFIC, source_addr_npi: 0, source_addr: from }
    : { source_addr_ton: 0, source_addr_npi: ISDN, source_addr: from };
}

function destinationOf(number: string): Readonly<Record<string, string | number>> {
  return { dest_addr_ton: INTERNATIONAL, dest_addr_npi: ISDN, destination_addr: number.replace(/^\+/, '') };
}

function bodyOf({ header, octets }: SmsPart): { readonly esm_class: number; readonly short_message: Buffer } {
  return header === undefined
    ? { esm_class: 0, short_message: Buffer.from(octets) }
    : { esm_class: HAS_HEADER, short_message: Buffer.concat([header, octets]) };
}

const hex = (status: number): string => `0x${status.toString(16).padStart(2, '0')}`;
