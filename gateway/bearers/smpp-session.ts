/**
 * One SMPP connection on which the gateway is a transmitter: opened and bound, kept alive by `enquire_link`, gone at the first
 * thing that is not SMPP. Every request ends, by its answer, by its time-out, or with the connection; an answer that comes
 * after that is nobody's.
 */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import smpp, { type PDU } from 'smpp';
import { errorCode } from '../error-code.ts';

export interface SmppAddress {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** PEM of the authorities that are believed; undefined: those of Node. */
  readonly authorities?: string | undefined;
}

export interface SmppTimes {
  /** For the connection, and for each answer. */
  readonly timeoutMillis: number;
  /** How often the other side is asked whether it is still there. */
  readonly enquireMillis: number;
}

export interface SmppBind {
  readonly systemId: string;
  readonly password: string;
  readonly systemType: string;
}

export type SmppAnswer =
  | { readonly kind: 'answered'; readonly status: number }
  /** `timeout`, `lost`, `no-smpp`, or a system error's code. */
  | { readonly kind: 'failed'; readonly code: string };

export type SmppFields = Readonly<Record<string, string | number | Buffer>>;

/** SMPP 3.4. */
const INTERFACE_VERSION = 0x34;
const GOODBYE_MILLIS = 500;
const NOT_BOUND = 0x04;

export class SmppSession {
  readonly #socket: Socket;
  readonly #session: InstanceType<typeof smpp.Session>;
  readonly #times: SmppTimes;
  /** By sequence number. */
  readonly #waiting = new Map<number, (answer: SmppAnswer) => void>();
  #enquiring: NodeJS.Timeout | undefined;
  #endedBy: string | undefined;

  constructor(address: SmppAddress, times: SmppTimes) {
    this.#times = times;
    this.#socket = socketTo(address);
    this.#session = new smpp.Session({ socket: this.#socket });
    this.#session.on('error', (error) => this.#end(codeOf(error)));
    this.#session.on('close', () => this.#end('lost'));
    this.#session.on('pdu', (pdu) => this.#arrived(pdu));
  }

  isOpen(): boolean {
    return this.#endedBy === undefined;
  }

  /** Connects and binds. Once, before anything else. */
  async bind({ systemId, password, systemType }: SmppBind): Promise<SmppAnswer> {
    const connected = await this.#connected();
    if (connected !== undefined) return connected;
    const answer = await this.request('bind_transmitter', {
      system_id: systemId,
      password,
      system_type: systemType,
      interface_version: INTERFACE_VERSION,
    });
    if (answer.kind === 'answered' && answer.status === 0) {
      this.#enquiring = setInterval(() => void this.probe(), this.#times.enquireMillis);
      this.#enquiring.unref();
    } else {
      this.#end('lost');
    }
    return answer;
  }

  /** Sends one request and waits for its answer. Never rejects. */
  request(command: string, fields: SmppFields = {}): Promise<SmppAnswer> {
    const pdu = new smpp.PDU(command, fields);
    if (this.#endedBy !== undefined) return Promise.resolve({ kind: 'failed', code: this.#endedBy });
    if (!this.#session.send(pdu)) return Promise.resolve({ kind: 'failed', code: 'lost' });
    const { sequence_number: sequence } = pdu;
    return new Promise((resolve) => {
      const settle = (answer: SmppAnswer): void => {
        clearTimeout(timer);
        this.#waiting.delete(sequence);
        resolve(answer);
      };
      const timer = setTimeout(() => settle({ kind: 'failed', code: 'timeout' }), this.#times.timeoutMillis);
      this.#waiting.set(sequence, settle);
    });
  }

  /** Asks whether the other side is still there, and ends the connection where it does not say so. */
  async probe(): Promise<void> {
    const { kind } = await this.request('enquire_link');
    if (kind === 'failed') this.#end('timeout');
  }

  /** Says goodbye, but waits for no answer that does not come soon. */
  async close(): Promise<void> {
    if (this.isOpen()) {
      const patience = new Promise((resolve) => setTimeout(resolve, GOODBYE_MILLIS));
      await Promise.race([this.request('unbind'), patience]);
    }
    this.#end('lost');
  }

  /** Cuts the connection. */
  cut(): void {
    this.#end('lost');
  }

  #connected(): Promise<SmppAnswer | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end('timeout'), this.#times.timeoutMillis);
      const settle = (answer: SmppAnswer | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(0);
        resolve(answer);
      };
      // Sequence numbers begin with 1: what ends the connection before any ends this wait too.
      this.#waiting.set(0, settle);
      if (this.#endedBy !== undefined) settle({ kind: 'failed', code: this.#endedBy });
      else this.#socket.once('encrypted' in this.#socket ? 'secureConnect' : 'connect', () => settle(undefined));
    });
  }

  #arrived(pdu: PDU): void {
    if (pdu.isResponse()) {
      if (pdu.sequence_number !== 0) {
        this.#waiting.get(pdu.sequence_number)?.({ kind: 'answered', status: pdu.command_status });
      }
      return;
    }
    const { command } = pdu;
    if (command === 'enquire_link' || command === 'unbind') this.#session.send(pdu.response());
    // A transmitter gets no messages; a centre that sends some keeps them.
    else if (command === 'deliver_sm' || command === 'data_sm') {
      this.#session.send(pdu.response({ command_status: NOT_BOUND }));
    } else if (command === 'unknown') this.#session.send(pdu.response());
    if (command === 'unbind') this.#end('lost');
  }

  #end(code: string): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = code;
    clearInterval(this.#enquiring);
    // What was written last, such as the answer to an unbind, still goes out where the other side takes it.
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), GOODBYE_MILLIS).unref();
    for (const settle of [...this.#waiting.values()]) settle({ kind: 'failed', code });
  }
}

function socketTo({ host, port, isSecure, authorities }: SmppAddress): Socket {
  if (!isSecure) return connect({ host, port, noDelay: true, keepAlive: true });
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, ...servername, ...(authorities === undefined ? {} : { ca: authorities }) });
}

/** Errors of the library's reader carry none of their own: what arrived is not SMPP. */
function codeOf(error: unknown): string {
  const code = errorCode(error);
  return code === 'UNKNOWN' || code === 'ERR_OUT_OF_RANGE' || code === 'ERR_BUFFER_OUT_OF_BOUNDS' ? 'no-smpp' : code;
}
