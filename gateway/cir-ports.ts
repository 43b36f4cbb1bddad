/**
 * CIR, the Communication Initiation Request, as the chain and the wiring know it [P9]: telling a client without an open
 * request that it should poll. One hub a machine holds every channel, those of clients and those to the VASPs; with several
 * processes it lives in the primary and the others ask it by messages, so every argument and result is plain data.
 */
import type { CspVersion } from './csp/versions.ts';

/** The methods in which the gateway has a part, on either side. */
export type CirMethod = 'STCP' | 'SHTTP' | 'SUDP';

/** Where something listens. */
export interface CirAddress {
  readonly host: string;
  readonly port: number;
}

/** What a session agreed on: kept in its record, so that a restart finds it again. Names no user. */
export interface CirAgreement {
  /** The ways in which the client may be called. */
  readonly stcp: boolean;
  readonly shttp: boolean;
  /** Where its datagrams go; undefined without SUDP. */
  readonly udp: CirAddress | undefined;
  /** The channels on which the VASP calls the gateway. Neither: the client is called now and then, whether something waits or not. */
  readonly vaspTcp: CirAddress | undefined;
  readonly vaspUrl: string | undefined;
}

/** A session with CIR. Holds the SessionID: for memory alone, never for stores and logs. */
export interface CirSession {
  readonly key: string;
  readonly vasp: string;
  /** Keyed hash of the user id. */
  readonly userKey: string;
  readonly id: string;
  readonly version: CspVersion;
  readonly agreement: CirAgreement;
  /** Wall-clock milliseconds; the store is asked again then. */
  readonly expiresAt: number;
}

/** Calls clients, and hears the VASPs' calls [X42, X51, X52]. No method rejects. */
export interface Cir {
  /** A session was opened. Keeps its SessionCookie in memory for a while, in case the session agrees on CIR. */
  opened(sessionKey: string, cookie: string): Promise<void>;
  /** A session has agreed on CIR, perhaps not for the first time: its channels are made before this resolves. */
  agreed(session: CirSession): Promise<void>;
  /** A client of a session with CIR was heard of by this process for the first time: makes its channels where they are missing. */
  heard(session: CirSession): Promise<void>;
  /** A client of a session with CIR polls: it need not be called any more for what waited until now. */
  polled(session: CirSession): Promise<void>;
  /** Something waits for the session: calls its client until it polls. Nothing happens for a session without CIR. */
  ring(sessionKey: string): Promise<void>;
  /**
   * The same for every session of the user that has CIR and was heard of since the start: a later one is called when it
   * is heard of.
   */
  ringUser(userKey: string): Promise<void>;
  /** Whether the client should poll; undefined when there is no such session, or it has no CIR. */
  waits(sessionKey: string): Promise<boolean | undefined>;
  /** The session is over: closes its channels and forgets everything of it. */
  ended(sessionKey: string): Promise<void>;
}

/** What clients are told: where the gateway is to be reached. What is undefined is not served. */
export interface CirOffer {
  readonly tcp: CirAddress | undefined;
  /** Where the gateway's datagrams come from; told to clients of 1.3. The host is undefined where it is not known. */
  readonly udp: { readonly host: string | undefined; readonly port: number } | undefined;
  /** The start of the URLs of SHTTP: a session's token follows. */
  readonly url: string | undefined;
}

/** What is counted of CIR. Labels never hold a user. */
export interface CirMetrics {
  /** Connections open now. */
  cirConnections(kind: 'client' | 'vasp', count: number): void;
  /** A call sent to a client, or `unreachable`: its channel was not there. */
  cirRing(kind: 'stcp' | 'sudp' | 'shttp' | 'unreachable'): void;
  /** What became of a client's connection, or of a HELO on it. */
  cirClient(
    outcome:
      | 'accepted'
      | 'replaced'
      | 'unknown-session'
      | 'no-hello'
      | 'line-too-long'
      | 'slow-reader'
      | 'idle'
      | 'full',
  ): void;
  /** What happened to the channels to a VASP. */
  cirVasp(vasp: string, outcome: 'connected' | 'lost' | 'refused' | 'full' | 'rung' | 'blind'): void;
}
