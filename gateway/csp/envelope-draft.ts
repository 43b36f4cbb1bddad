/**
 * The envelope while it is being read, the same for both encodings. The scans know bytes, this knows structure: which
 * element may stand where, which only once, what a message must have. An element counts by its place, never by its name
 * alone: a SessionID inside a primitive is content.
 */
import type { ByteRange, Envelope, EnvelopeTransaction, ScanOptions } from './envelope.ts';
import { CspError, type CspErrorCode, type PartialEnvelope } from './errors.ts';
import { type CspVersion, type Encoding, versionOfNamespace } from './versions.ts';

/** Where an element stands. `Elsewhere` is everything that the envelope does not look into. */
export const Place = {
  Elsewhere: 0,
  Message: 1,
  Session: 2,
  SessionDescriptor: 3,
  SessionType: 4,
  SessionId: 5,
  Transaction: 6,
  Descriptor: 7,
  Mode: 8,
  Id: 9,
  Poll: 10,
  Content: 11,
  Primitive: 12,
  Result: 13,
  Code: 14,
  Discovery: 15,
} as const;

/** The names that mean something to the envelope, and the place that each stands for under the right parent. */
export const PLACE_OF_NAME: ReadonlyMap<string, number> = new Map([
  ['WV-CSP-Message', Place.Message],
  ['Session', Place.Session],
  ['SessionDescriptor', Place.SessionDescriptor],
  ['SessionType', Place.SessionType],
  ['SessionID', Place.SessionId],
  ['Transaction', Place.Transaction],
  ['TransactionDescriptor', Place.Descriptor],
  ['TransactionMode', Place.Mode],
  ['TransactionID', Place.Id],
  ['Poll', Place.Poll],
  ['TransactionContent', Place.Content],
  ['Result', Place.Result],
  ['Code', Place.Code],
  ['WV-CSP-VersionDiscovery-Request', Place.Discovery],
  ['WV-CSP-VersionDiscovery-Response', Place.Discovery],
]);

/** What may stand directly in a place: anything; only elements; only text. */
export const Kind = { Any: 0, Elements: 1, Text: 2 } as const;
export const KIND_OF_PLACE = new Uint8Array(16);
for (const place of [Place.Message, Place.Session, Place.SessionDescriptor, Place.Transaction, Place.Descriptor]) {
  KIND_OF_PLACE[place] = Kind.Elements;
}
KIND_OF_PLACE[Place.Content] = Kind.Elements;
for (const place of [Place.SessionType, Place.SessionId, Place.Mode, Place.Id, Place.Poll, Place.Code]) {
  KIND_OF_PLACE[place] = Kind.Text;
}

/** CHILD_PLACE[parent * 16 + place of the child's name] is the child's place. */
export const CHILD_PLACE = new Uint8Array(256);
for (const [parent, ...children] of [
  [Place.Message, Place.Session],
  [Place.Session, Place.SessionDescriptor, Place.Transaction, Place.Poll],
  [Place.SessionDescriptor, Place.SessionType, Place.SessionId],
  [Place.Transaction, Place.Descriptor, Place.Content],
  [Place.Descriptor, Place.Mode, Place.Id, Place.Poll],
  [Place.Primitive, Place.Result],
  [Place.Result, Place.Code],
]) {
  for (const place of children) CHILD_PLACE[(parent ?? 0) * 16 + place] = place;
}
CHILD_PLACE.fill(Place.Primitive, Place.Content * 16, Place.Content * 16 + 16);

const NO_TRANSACTIONS: EnvelopeTransaction[] = [];

/** Collects an envelope from the scan's calls, in document order; every fault leaves as a CspError with what was read. */
export class EnvelopeDraft {
  readonly tolerant: boolean;
  /** Settled by {@link namespaceIs} or {@link namespaceIsMissing} once the root's attributes are read. */
  version: CspVersion;
  /** The version that a DOCTYPE or the WBXML header names. */
  declaredVersion: CspVersion | undefined;
  private readonly encoding: Encoding;
  private readonly assumedVersion: CspVersion;
  private versionKnown = false;
  private unknownVersionAt = -1;
  private kind: Envelope['kind'] = 'message';
  private sessionType: Envelope['sessionType'] | undefined;
  private sessionId: string | undefined;
  private transactions: EnvelopeTransaction[] = NO_TRANSACTIONS;
  private poll: Envelope['poll'];
  private pollInsertAt: ByteRange | undefined;
  /** Places seen in the message or session, and in the transaction at hand: one bit each. */
  private seen = 0;
  private seenInTransaction = 0;
  private pollsInDescriptors = 0;

  private start = 0;
  private startPage = 0;
  private leafStart = 0;
  private leafStartPage = 0;
  private mode: EnvelopeTransaction['mode'] | undefined;
  private id: string | undefined;
  private idRange: ByteRange | undefined;
  private primitive = '';
  private primitiveStart = 0;
  private primitiveStartPage = 0;
  private primitiveRange: ByteRange | undefined;
  private resultCode: number | undefined;
  private seenInPrimitive = 0;

  constructor(encoding: Encoding, options: ScanOptions) {
    this.encoding = encoding;
    this.tolerant = options.tolerant === true;
    this.assumedVersion = options.assumedVersion ?? '1.2';
    this.version = this.assumedVersion;
  }

  /** The root names a CSP namespace. An unknown one is reported when all has been read, so that the ids are known. */
  namespaceIs(namespace: string, offset: number): void {
    const version = versionOfNamespace(namespace);
    if (version === undefined) {
      this.unknownVersionAt = offset;
    } else {
      this.version = version;
      this.versionKnown = true;
    }
  }

  versionIs(version: CspVersion): void {
    this.version = version;
    this.versionKnown = true;
  }

  /** To be called when the root's start tag has been read. */
  rootIsRead(): void {
    if (this.versionKnown || this.unknownVersionAt >= 0) return;
    this.version = this.declaredVersion ?? this.assumedVersion;
    this.versionKnown = true;
  }

  get versionIsUnknown(): boolean {
    return this.unknownVersionAt >= 0;
  }

  fail(code: CspErrorCode, message: string, offset: number): never {
    if (this.unknownVersionAt >= 0 && (code === 'NOT_CSP' || code === 'UNKNOWN_TOKEN')) this.failVersion();
    throw new CspError(code, message, offset, this.read());
  }

  private failVersion(): never {
    throw new CspError(
      'UNKNOWN_VERSION',
      'the CSP namespace is of no version known here',
      this.unknownVersionAt,
      this.read(),
    );
  }

  private read(): PartialEnvelope {
    const first = this.transactions[0];
    const mode = first === undefined ? this.mode : first.mode;
    const id = first === undefined ? this.id : first.id;
    return {
      ...(this.versionKnown ? { version: this.version } : {}),
      ...(this.sessionType === undefined ? {} : { sessionType: this.sessionType }),
      ...(this.sessionId === undefined ? {} : { sessionId: this.sessionId }),
      ...(mode === undefined ? {} : { transactionMode: mode }),
      ...(id === undefined ? {} : { transactionId: id }),
    };
  }

  /** An element of the envelope begins; `name` is needed for primitives only. */
  enter(place: number, start: number, page: number, parent: number, name: string): void {
    const bit = 1 << place;
    switch (place) {
      case Place.Discovery:
        this.kind = 'version-discovery';
        return;
      case Place.Message:
        return;
      case Place.Session:
      case Place.SessionDescriptor:
        if ((this.seen & bit) !== 0) this.failTwice(start);
        this.seen |= bit;
        return;
      case Place.SessionType:
      case Place.SessionId:
        if ((this.seen & bit) !== 0) this.failTwice(start);
        this.seen |= bit;
        break;
      case Place.Transaction:
        this.beginTransaction(start, page);
        return;
      case Place.Poll:
        this.beginPoll(start, parent);
        break;
      case Place.Primitive:
        if (this.primitive !== '') this.fail('NOT_CSP', 'a TransactionContent holds two primitives', start);
        this.primitive = name;
        this.primitiveStart = start;
        this.primitiveStartPage = page;
        return;
      case Place.Result:
        if ((this.seenInPrimitive & bit) !== 0 && !this.tolerant) this.failTwice(start);
        this.seenInPrimitive |= bit;
        return;
      case Place.Code:
        if ((this.seenInPrimitive & bit) !== 0 && !this.tolerant) this.failTwice(start);
        this.seenInPrimitive |= bit;
        return;
      default:
        if ((this.seenInTransaction & bit) !== 0) this.failTwice(start);
        this.seenInTransaction |= bit;
    }
    this.leafStart = start;
    this.leafStartPage = page;
  }

  private failTwice(offset: number): never {
    this.fail('NOT_CSP', 'an element of the envelope stands twice where it may stand once', offset);
  }

  private beginTransaction(start: number, page: number): void {
    this.start = start;
    this.startPage = page;
    this.seenInTransaction = 0;
    this.seenInPrimitive = 0;
    this.mode = undefined;
    this.id = undefined;
    this.idRange = undefined;
    this.primitive = '';
    this.primitiveRange = undefined;
    this.resultCode = undefined;
  }

  private beginPoll(start: number, parent: number): void {
    const bit = 1 << Place.Poll;
    if (parent === Place.Session) {
      if ((this.seen & bit) !== 0 || this.pollsInDescriptors > 0) this.failTwice(start);
      this.seen |= bit;
    } else {
      if (((this.seen | this.seenInTransaction) & bit) !== 0) this.failTwice(start);
      this.seenInTransaction |= bit;
      this.pollsInDescriptors++;
    }
  }

  /**
   * An element of the envelope ends, with its end tag from `closeStart` to `end`; `page` is in force after it.
   * `text` is a leaf's text with references resolved; `isPlain` when it is known to hold nothing but ASCII from the blank on.
   */
  leave(place: number, closeStart: number, end: number, page: number, text: string, isPlain: boolean): void {
    switch (place) {
      case Place.SessionType:
      case Place.SessionId:
      case Place.Mode:
      case Place.Id:
      case Place.Poll:
      case Place.Code:
        this.leaf(place, end, page, text, isPlain);
        return;
      case Place.Descriptor:
        if (this.version === '1.1') this.pollInsertAt = rangeOf(closeStart, closeStart, page, page);
        return;
      case Place.Primitive:
        this.primitiveRange = rangeOf(this.primitiveStart, end, this.primitiveStartPage, page);
        return;
      case Place.Transaction:
        this.endTransaction(end, page);
        return;
      default:
        return;
    }
  }

  private leaf(place: number, end: number, page: number, raw: string, isPlain: boolean): void {
    const text = this.tolerant ? raw.trim() : raw;
    switch (place) {
      case Place.SessionType:
        if (text !== 'Inband' && text !== 'Outband') {
          this.fail('NOT_CSP', 'SessionType is neither Inband nor Outband', this.leafStart);
        }
        this.sessionType = text;
        return;
      case Place.SessionId:
        this.checkId(text, isPlain);
        this.sessionId = text;
        return;
      case Place.Mode:
        if (text !== 'Request' && text !== 'Response') {
          this.fail('NOT_CSP', 'TransactionMode is neither Request nor Response', this.leafStart);
        }
        this.mode = text;
        return;
      case Place.Id:
        this.checkId(text, isPlain);
        this.id = text;
        this.idRange = rangeOf(this.leafStart, end, this.leafStartPage, page);
        return;
      case Place.Poll:
        if (text !== 'T' && text !== 'F' && !this.tolerant)
          this.fail('NOT_CSP', 'Poll is neither T nor F', this.leafStart);
        this.poll = { value: text === 'T', range: rangeOf(this.leafStart, end, this.leafStartPage, page) };
        return;
      default:
        // A tolerated second Code must not speak over the first.
        if (this.resultCode === undefined && /^[ \t\r\n]*[0-9]{1,9}[ \t\r\n]*$/.test(text))
          this.resultCode = Number(text);
    }
  }

  /** Blanks around an id and control characters inside it are where two readers would come to two ids. */
  private checkId(id: string, isPlain: boolean): void {
    const length = id.length;
    if (length === 0) return;
    for (let i = 0; !isPlain && i < length; i++) {
      if (id.charCodeAt(i) < 0x20) this.fail('NOT_CSP', 'an id holds a line break or a tab', this.leafStart);
    }
    const edges = id.charCodeAt(0) | id.charCodeAt(length - 1);
    const plain = id.charCodeAt(0) > 0x20 && id.charCodeAt(length - 1) > 0x20 && edges < 0x80;
    if (!plain && id.trim() !== id) this.fail('NOT_CSP', 'an id begins or ends with a blank', this.leafStart);
  }

  private endTransaction(end: number, page: number): void {
    const { mode, primitiveRange } = this;
    if (mode === undefined) this.fail('NOT_CSP', 'a Transaction has no TransactionMode', this.start);
    if (primitiveRange === undefined) this.fail('NOT_CSP', 'a Transaction has no primitive', this.start);
    const transaction: EnvelopeTransaction = {
      range: rangeOf(this.start, end, this.startPage, page),
      mode,
      id: this.id ?? '',
      idRange: this.idRange,
      primitive: this.primitive,
      primitiveRange,
      resultCode: this.resultCode,
    };
    // Most messages have one: an array that grows would be made for many.
    if (this.transactions.length === 0) this.transactions = [transaction];
    else this.transactions.push(transaction);
    if (this.version !== '1.1') this.pollInsertAt = rangeOf(end, end, page, page);
  }

  /** The envelope, when the whole document has been read and is well-formed. */
  finish(length: number): Envelope {
    if (this.kind === 'message') {
      if (this.sessionType === undefined) this.fail('NOT_CSP', 'the message has no SessionType', length);
      if (this.transactions.length === 0) this.fail('NOT_CSP', 'the message has no Transaction', length);
    }
    if (this.unknownVersionAt >= 0) this.failVersion();
    return {
      encoding: this.encoding,
      version: this.version,
      kind: this.kind,
      sessionType: this.sessionType ?? 'Outband',
      sessionId: this.sessionId,
      transactions: this.transactions,
      pollInsertAt: this.pollInsertAt ?? rangeOf(length, length, 0, 0),
      poll: this.poll,
    };
  }
}

function rangeOf(start: number, end: number, pageAtStart: number, pageAtEnd: number): ByteRange {
  return { start, end, pageAtStart, pageAtEnd };
}
