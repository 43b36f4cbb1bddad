/**
 * One connection to a VASP: one request at a time, written once, and its answer read. It is over with the first thing
 * that is not as it must be: bytes that nobody asked for, an answer that cannot be read, an end in the wrong place. Then
 * nothing more is read from it, so that no byte left on it can reach somebody else.
 */
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { UpstreamFailure } from '../../ports.ts';
import { AnswerReader } from './answer-reader.ts';
import type { Progress } from './chunked.ts';
import { inOneText, type WireRequest } from './request.ts';

/** Where a VASP listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Of the TLS connection before, to take up again. */
  tlsSession: Buffer | undefined;
}

export function endpointOf({ protocol, hostname, port }: URL): Endpoint {
  const isTls = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(port === '' ? (isTls ? 443 : 80) : port), isTls, tlsSession: undefined };
}

/** A request on its way and who hears of its answer; exactly one of the two is called, once. */
export interface Passenger {
  wire(): WireRequest;
  /** The request is about to be written: from now on it counts as sent. */
  sending(): void;
  answered(answer: AnswerReader): void;
  failed(failure: UpstreamFailure): void;
}

/** Who lends a connection out. */
export interface ConnectionOwner {
  /** The answer is read and nothing follows it so far. */
  isFree(connection: Connection, keepAliveSeconds: number | undefined): void;
  /** The connection is over. Told once. */
  isGone(connection: Connection): void;
}

/** All connections read into it in turn: what is to be kept of it is copied. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

export class Connection {
  /** Monotonic milliseconds; the owner lends it no later. */
  usableUntil = 0;
  readonly #owner: ConnectionOwner;
  readonly #reader: AnswerReader;
  readonly #socket: Socket;
  #passenger: Passenger | undefined;
  #isOpen = false;
  #isGone = false;

  constructor(endpoint: Endpoint, owner: ConnectionOwner, maxAnswerBytes: number) {
    this.#owner = owner;
    this.#reader = new AnswerReader(maxAnswerBytes);
    const onread: OnReadOpts = {
      buffer: READ_BUFFER,
      callback: (count) => {
        this.#received(count);
        return true;
      },
    };
    const socket = open(endpoint, onread);
    socket.setNoDelay(true);
    socket.on(endpoint.isTls ? 'secureConnect' : 'connect', () => this.#opened());
    socket.on('end', () => this.#ended());
    // The close that follows tells everything that matters.
    socket.on('error', () => {});
    socket.on('close', () => this.#closed());
    this.#socket = socket;
  }

  /** Whether it may be lent. */
  get isUsable(): boolean {
    return !this.#isGone && this.#passenger === undefined && !this.#socket.destroyed;
  }

  /** Sends a request as soon as the connection stands. */
  carry(passenger: Passenger): void {
    this.#passenger = passenger;
    if (this.#isOpen) this.#write(passenger);
  }

  /** Closes it at once; a passenger hears nothing more. */
  drop(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#passenger = undefined;
    this.#socket.destroy();
    this.#owner.isGone(this);
  }

  #opened(): void {
    if (this.#isGone) return;
    this.#isOpen = true;
    if (this.#passenger !== undefined) this.#write(this.#passenger);
  }

  #write(passenger: Passenger): void {
    const socket = this.#socket;
    const request = passenger.wire();
    this.#reader.begin();
    passenger.sending();
    const text = inOneText(request);
    if (text !== undefined) {
      socket.write(text, 'latin1');
      return;
    }
    socket.cork();
    socket.write(request.head, 'latin1');
    socket.write(request.body);
    socket.uncork();
  }

  #received(count: number): void {
    if (this.#isGone) return;
    if (this.#passenger === undefined || !this.#isOpen) this.drop();
    else this.#take(this.#passenger, this.#reader.read(READ_BUFFER, count));
  }

  #take(passenger: Passenger, progress: Progress): void {
    if (progress === 'more') return;
    if (progress !== 'whole') {
      this.drop();
      passenger.failed(progress);
      return;
    }
    const reader = this.#reader;
    this.#passenger = undefined;
    // An answer that came before the request was out leaves the rest of the request on the connection.
    if (reader.head?.isKept === true && !reader.hasExcess && this.#socket.writableLength === 0) {
      this.#owner.isFree(this, reader.head.keepAliveSeconds);
    } else {
      this.drop();
    }
    passenger.answered(reader);
  }

  #ended(): void {
    const passenger = this.#passenger;
    if (this.#isGone) return;
    if (passenger === undefined || !this.#isOpen) this.#closed();
    else this.#take(passenger, this.#reader.ended());
    this.drop();
  }

  #closed(): void {
    const passenger = this.#passenger;
    this.drop();
    passenger?.failed(this.#isOpen ? 'broken' : 'unreachable');
  }
}

function open(endpoint: Endpoint, onread: OnReadOpts): Socket {
  const { host, port } = endpoint;
  if (!endpoint.isTls) return connect({ host, port, onread });
  const options: ConnectionOptions & { onread: OnReadOpts } = {
    host,
    port,
    onread,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(endpoint.tlsSession === undefined ? {} : { session: endpoint.tlsSession }),
  };
  const socket = connectTls(options);
  socket.on('session', (session: Buffer) => {
    endpoint.tlsSession = session;
  });
  return socket;
}
