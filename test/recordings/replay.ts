/**
 * Sends what a client sent in a recording through a gateway to a VASP that answers as recorded, and judges what comes out
 * on both sides. The judgement is made from the rules of the wire alone: what the gateway is to answer itself the VASP
 * never sees; all else reaches both sides with the bytes that it had, or, where a rule changes it, with its meaning.
 */
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, type Element } from '../../gateway/csp/element.ts';
import { type Envelope, scanEnvelope } from '../../gateway/csp/envelope.ts';
import type { CspMessage, Transaction } from '../../gateway/csp/message.ts';
import { isServerOriginated } from '../../gateway/csp/primitives.ts';
import { codesOfTree, ServiceSet } from '../../gateway/csp/service-tree.ts';
import { replaceTransactionId } from '../../gateway/csp/splice.ts';
import { type Encoding, encodingOfContentType } from '../../gateway/csp/versions.ts';
import { notCovered } from '../../gateway/service-level/enforce.ts';
import { withAnswers } from './answering.ts';
import {
  clientIdOf,
  codeOf,
  codes,
  type Judged,
  loginResponse,
  MANDATORY,
  namesCir,
  otherClient,
  scanned,
  tolerant,
  unchunked,
  wanted,
  withBody,
  withoutCir,
  withoutParts,
} from './reading.ts';
import { headerOf, octetsOf, type RecordedAnswer, type RecordedMessage, type Step } from './recording.ts';
import { exchange, type ReplayVasp, statusOf } from './wire.ts';

export interface ReplayOptions {
  readonly port: number;
  readonly vasp: ReplayVasp;
  /** The level that every login of the replay ends up with. */
  readonly granted: ServiceSet;
  /** AnswerOptionID to choose when the gateway asks; undefined where no policy is in force. */
  readonly choose: number | undefined;
}

interface OpenSession {
  readonly clientId: string;
}

/** Replays steps of one recording in order; what they open and close is remembered between them. */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #sessions = new Map<string, OpenSession>();
  /** The gateway's TransactionID by the server's, as last told to the client. */
  readonly #ids = new Map<string, string>();
  #rules: string[] = [];
  #problems: string[] = [];

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  async play(step: Step): Promise<Judged> {
    this.#rules = [];
    this.#problems = [];
    await this.#play(step);
    return { step, rules: this.#rules, problems: this.#problems };
  }

  async #play(step: Step): Promise<void> {
    const { vasp, port } = this.#options;
    const { request } = step;
    vasp.reset(step.answer);
    const encoding = encodingOfContentType(headerOf(request.headers, 'content-type') ?? '');
    if (!request.startLine.startsWith('POST ')) return this.#refusedByHttp(request, 405);
    const needsHost = request.startLine.endsWith('HTTP/1.1');
    if (needsHost && headerOf(request.headers, 'host') === undefined) return this.#refusedByHttp(request, 400);
    if (encoding === undefined) return this.#refusedByHttp(request, 400);
    const body = unchunked(request);
    const envelope = scanned(body, encoding);
    if (envelope === undefined) return this.#unreadable(request);
    const sent = this.#underOurIds(body, envelope);
    const reply = await exchange(port, octetsOf(withBody(request, sent)));
    if (reply === undefined) {
      this.#problem('the gateway closed the connection');
      return;
    }
    if (envelope.kind === 'version-discovery') {
      this.#answeredHere('version discovery [P1.4]', reply);
      return;
    }
    const message = decodeMessage(body, encoding);
    if (envelope.sessionType === 'Outband') return this.#outband(step, body, message, encoding, reply);
    const session = this.#sessions.get(envelope.sessionId ?? '');
    if (session === undefined) {
      this.#refused(604, 'X33', message, encoding, reply);
      return;
    }
    if (otherClient(message, session)) {
      this.#refused(422, 'X33', message, encoding, reply);
      return;
    }
    this.#inSession(step, body, message, encoding, reply);
    this.#closeSessions(step.answer, message, encoding);
  }

  async #refusedByHttp(request: RecordedMessage, status: number): Promise<void> {
    const reply = await exchange(this.#options.port, octetsOf(request));
    this.#rules.push(`HTTP ${status} [X1]`);
    this.#expect(reply !== undefined && statusOf(reply) === status, `HTTP ${status} was expected`);
    this.#vaspSawNothing();
  }

  async #unreadable(request: RecordedMessage): Promise<void> {
    const reply = await exchange(this.#options.port, octetsOf(request));
    this.#rules.push('unreadable [X1]');
    this.#vaspSawNothing();
    if (reply === undefined) {
      this.#problem('no answer');
      return;
    }
    if (statusOf(reply) === 400) {
      this.#expect(/^[^\r\n]+\n$/.test(reply.body.toString()), 'HTTP 400 without one line of text');
      return;
    }
    const encoding = encodingOfContentType(headerOf(reply.headers, 'content-type') ?? '') ?? 'xml';
    const code = codeOf(decodeMessage(reply.body, encoding).transactions[0]?.primitive);
    this.#expect(statusOf(reply) === 200 && (code === '400' || code === '505'), `code ${code} for what cannot be read`);
  }

  #answeredHere(rule: string, reply: RecordedMessage): void {
    this.#rules.push(rule);
    this.#expect(statusOf(reply) === 200, `HTTP ${statusOf(reply)}`);
    this.#vaspSawNothing();
  }

  /** Every transaction gets the code, under its id, and the VASP hears nothing. */
  #refused(code: number, rule: string, request: CspMessage, encoding: Encoding, reply: RecordedMessage): void {
    this.#answeredHere(`${code} [${rule}]`, reply);
    const answer = decodeMessage(reply.body, encoding);
    this.#same(
      answer.transactions.map(({ id, primitive }) => [id, codeOf(primitive)]),
      request.transactions.map(({ id }) => [id, String(code)]),
      'the refusals',
    );
  }

  async #outband(
    step: Step,
    body: Buffer,
    message: CspMessage,
    encoding: Encoding,
    first: RecordedMessage,
  ): Promise<void> {
    const [transaction] = message.transactions;
    if (transaction?.primitive.name !== 'Login-Request') {
      this.#refused(604, 'X10', message, encoding, first);
      return;
    }
    let reply = first;
    const asked = child(child(loginResponse(first, encoding), 'Result'), 'SystemMessageList');
    if (asked !== undefined) {
      this.#rules.push('asked [X12]');
      this.#vaspSawNothing();
      const answered = withAnswers(body, encoding, asked, this.#options.choose ?? 0);
      reply = (await exchange(this.#options.port, octetsOf(withBody(step.request, answered)))) ?? first;
    }
    const response = loginResponse(reply, encoding);
    const carried = child(transaction.primitive, 'Functions');
    if (carried !== undefined && !this.#options.granted.isAll) {
      this.#foldedNegotiation(message, encoding, response);
    } else {
      const untouched = asked === undefined && child(transaction.primitive, 'SystemMessageResponseList') === undefined;
      this.#vaspSaw(withoutParts(message, 'SystemMessageResponseList'), untouched ? body : undefined, encoding);
      this.#toClient(step.answer, message, encoding, reply);
    }
    const sessionId = childText(response, 'SessionID') ?? '';
    if (codeOf(response) !== '200' || sessionId === '') return;
    this.#sessions.set(sessionId, { clientId: clientIdOf(transaction.primitive) });
  }

  /** A login that negotiates services at once is held to the level like a Service-Request [X19, X30]. */
  #foldedNegotiation(message: CspMessage, encoding: Encoding, response: Element | undefined): void {
    const { granted, vasp } = this.#options;
    this.#rules.push('folded negotiation narrowed [X30]');
    const [seen] = vasp.seen.map(({ body }) => decodeMessage(body, encoding));
    if (seen === undefined) {
      this.#problem('the VASP saw nothing');
      return;
    }
    const parts = ['SystemMessageResponseList', 'Functions'];
    this.#same(withoutParts(seen, ...parts), withoutParts(withoutCir(message), ...parts), 'what the VASP saw');
    for (const { primitive } of seen.transactions) {
      const beyond = wanted(primitive, message.version).minus(granted);
      this.#expect(
        child(primitive, 'Functions') !== undefined && beyond.isEmpty,
        `the VASP is asked for ${codes(beyond)}`,
      );
    }
    const told = child(child(response, 'Functions'), 'WVCSPFeat');
    this.#expect(
      told !== undefined && codesOfTree(told, message.version).has('MM'),
      'the client is not told what is withheld',
    );
  }

  #inSession(step: Step, body: Buffer, message: CspMessage, encoding: Encoding, reply: RecordedMessage): void {
    const { granted } = this.#options;
    const { version } = message;
    const isWithheld = ({ primitive }: Transaction): boolean =>
      notCovered(primitive.name, granted, () => primitive) !== undefined ||
      (primitive.name === 'Service-Request' && wanted(primitive, version).meet(granted).isEmpty);
    const negotiates = message.transactions.some(({ primitive }) => primitive.name === 'Service-Request');
    const withheld = message.transactions.filter(isWithheld);
    if (negotiates) {
      this.#negotiation(step, body, message, encoding, reply);
      return;
    }
    if (withheld.length === 0) {
      this.#vaspSaw(message, body, encoding);
      this.#toClient(step.answer, message, encoding, reply);
      return;
    }
    this.#rules.push('506 [X31]');
    const left = message.transactions.filter((transaction) => !withheld.includes(transaction));
    if (left.length === 0) this.#vaspSawNothing();
    else this.#vaspSaw({ ...message, transactions: left }, undefined, encoding);
    const answer = decodeMessage(reply.body, encoding);
    for (const { id } of withheld) {
      const own = answer.transactions.find((transaction) => transaction.id === id);
      this.#expect(codeOf(own?.primitive) === '506', 'a service that is not granted is not refused by 506');
    }
  }

  /** What the VASP is asked for and what the client is told lie within the level [X30]. */
  #negotiation(step: Step, body: Buffer, message: CspMessage, encoding: Encoding, reply: RecordedMessage): void {
    const { granted, vasp } = this.#options;
    const { version } = message;
    const [request] = message.transactions;
    if (request === undefined || message.transactions.length > 1) {
      this.#problem('a negotiation not judged here');
      return;
    }
    const seen = vasp.seen.map(({ body }) => decodeMessage(body, encoding).transactions[0]?.primitive);
    const both = wanted(request.primitive, version).meet(granted);
    // In 1.1 mandatory parts have no name to ask by.
    const unnamed = version === '1.1' && both.minus(MANDATORY).isEmpty && !granted.isAll;
    const toVasp = unnamed ? ServiceSet.NONE : both;
    this.#same(
      seen.map((primitive) => [primitive?.name, primitive === undefined ? '' : codes(wanted(primitive, version))]),
      toVasp.isEmpty ? [] : [['Service-Request', codes(toVasp)]],
      'what the VASP was asked for',
    );
    this.#expect(
      seen.every((primitive) => child(primitive, 'Functions') !== undefined),
      'no Functions for the VASP [X5]',
    );
    const untouched = granted.isAll && child(request.primitive, 'Functions') !== undefined;
    this.#rules.push(untouched ? 'negotiation untouched [X30]' : 'negotiation narrowed [X30]');
    if (untouched) {
      this.#vaspSaw(message, body, encoding);
      this.#toClient(step.answer, message, encoding, reply);
      return;
    }
    const answer = tolerant(reply.body, encoding, version)?.transactions[0];
    if (answer?.primitive.name !== 'Service-Response') {
      // A VASP that fails at the question fails for the client too.
      this.#expect(codeOf(answer?.primitive) !== undefined, 'neither a Service-Response nor a code');
      return;
    }
    const denied = child(child(answer.primitive, 'Functions'), 'WVCSPFeat');
    const told = wanted(request.primitive, version).minus(
      denied === undefined ? ServiceSet.NONE : codesOfTree(denied, version),
    );
    this.#expect(told.minus(granted).isEmpty, `the client is told of ${codes(told.minus(granted))}`);
    const all = child(child(answer.primitive, 'AllFunctions'), 'WVCSPFeat');
    if (all !== undefined && all.children.length > 0) {
      this.#expect(codesOfTree(all, version).minus(granted).isEmpty, 'AllFunctions names what is not granted');
    }
  }

  #vaspSaw(sent: CspMessage, sentBody: Buffer | undefined, encoding: Encoding): void {
    const [first, ...more] = this.#options.vasp.seen;
    const message = namesCir(sent) ? withoutCir(sent) : sent;
    const body = namesCir(sent) ? undefined : sentBody;
    if (namesCir(sent)) this.#rules.push('capabilities without CIR [X53]');
    if (first === undefined) {
      this.#problem('the VASP saw nothing');
      return;
    }
    for (const { body: later } of more) {
      const isRefusal = tolerant(later, encoding, message.version)?.transactions.every(
        ({ mode, primitive }) => mode === 'Response' && codeOf(primitive) === '506',
      );
      const isPoll = message.transactions.every(({ primitive }) => primitive.name === 'Polling-Request');
      this.#expect(isRefusal === true || isPoll, 'the VASP was sent more than the client sent');
    }
    if (body === undefined) this.#same(decodeMessage(first.body, encoding), message, 'what the VASP saw');
    else this.#expect(first.body.equals(body), 'the VASP saw other bytes');
  }

  /** The VASP's answer as recorded, or the Status that stands for one that is none [X5, X24]. */
  #toClient(said: RecordedAnswer, request: CspMessage, encoding: Encoding, reply: RecordedMessage): void {
    const mustAnswer = request.transactions.some(
      ({ mode, primitive }) => mode === 'Request' && primitive.name !== 'Polling-Request',
    );
    const bytes = said.kind === 'answer' && statusOf(said.message) === 200 ? said.message.body : undefined;
    if (bytes === undefined || (bytes.length === 0 && mustAnswer)) {
      this.#standIn(request, encoding, reply);
      return;
    }
    const told = headerOf(reply.headers, 'content-type');
    this.#expect(said.kind !== 'answer' || told !== undefined, 'no Content-Type');
    if (reply.body.equals(bytes)) {
      this.#rules.push('answer byte for byte [X3]');
      return;
    }
    const meant = tolerant(bytes, encoding, request.version);
    if (meant === undefined) {
      // A page, say: it is no protocol answer, whatever its status.
      this.#standIn(request, encoding, reply);
      return;
    }
    this.#changedAnswer(meant, request, encoding, reply);
  }

  #standIn(request: CspMessage, encoding: Encoding, reply: RecordedMessage): void {
    this.#rules.push('503 [X5]');
    this.#same(
      decodeMessage(reply.body, encoding).transactions.map(({ id, primitive }) => [id, codeOf(primitive)]),
      request.transactions.map(({ id }) => [id, '503']),
      'what stands for no answer',
    );
  }

  #changedAnswer(meant: CspMessage, request: CspMessage, encoding: Encoding, reply: RecordedMessage): void {
    const { granted } = this.#options;
    const visible = meant.transactions.filter(
      ({ primitive, mode }) =>
        !isServerOriginated(primitive.name, mode) || notCovered(primitive.name, granted, () => primitive) === undefined,
    );
    if (visible.length < meant.transactions.length) {
      this.#rules.push('withheld from the client [X31]');
      const refused = this.#options.vasp.seen
        .slice(1)
        .flatMap(({ body }) => decodeMessage(body, encoding).transactions)
        .filter(({ primitive }) => codeOf(primitive) === '506');
      this.#expect(
        refused.length >= meant.transactions.length - visible.length,
        'the VASP was not told of the refusal',
      );
    }
    if (visible.length === 0) {
      this.#expect(reply.body.length === 0, 'something reached the client');
      return;
    }
    const got = tolerant(reply.body, encoding, meant.version);
    const restored = got?.transactions.map((transaction) => {
      const original = /^g[0-9a-z]{6}-(.*)$/.exec(transaction.id)?.[1];
      if (original === undefined) return transaction;
      this.#rules.push('id replaced [X6]');
      this.#ids.set(original, transaction.id);
      return { ...transaction, id: original };
    });
    // What a poll brings opens a transaction, whatever mode the VASP wrote [P8.1].
    const takesRequests = request.transactions.every(
      ({ mode, primitive }) => mode === 'Response' || primitive.name === 'Polling-Request',
    );
    const opened = withoutCir({ ...meant, transactions: visible }).transactions.map((transaction) => {
      const { mode, primitive } = transaction;
      const isAnswer = primitive.name === 'Disconnect' || !isServerOriginated(primitive.name, mode);
      if (!takesRequests || isAnswer || mode === 'Request') return transaction;
      this.#rules.push('mode Request [P8.1]');
      return { ...transaction, mode: 'Request' as const };
    });
    this.#same(restored, opened, 'what the client got');
  }

  /** The client's answers to server-originated primitives, under the ids that it was told. */
  #underOurIds(body: Buffer, envelope: Envelope): Buffer {
    let sent = body;
    envelope.transactions.forEach(({ id, mode }, index) => {
      const ours = mode === 'Response' ? this.#ids.get(id) : undefined;
      if (ours === undefined) return;
      this.#rules.push('id restored [X6]');
      sent = replaceTransactionId(sent, scanEnvelope(sent, envelope.encoding), index, ours);
    });
    return sent;
  }

  #closeSessions(said: RecordedAnswer, request: CspMessage, encoding: Encoding): void {
    const id = request.sessionId ?? '';
    if (request.transactions.some(({ primitive }) => primitive.name === 'Logout-Request')) this.#sessions.delete(id);
    // What the VASP was not asked it did not answer.
    if (said.kind !== 'answer' || this.#options.vasp.seen.length === 0) return;
    for (const { primitive } of tolerant(said.message.body, encoding, request.version)?.transactions ?? []) {
      const ends = primitive.name === 'Disconnect' || ['600', '601', '604'].includes(codeOf(primitive) ?? '');
      if (ends) this.#sessions.delete(id);
    }
  }

  #vaspSawNothing(): void {
    this.#expect(this.#options.vasp.seen.length === 0, 'the VASP saw something');
  }

  #same(got: unknown, expected: unknown, what: string): void {
    const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
    if (left !== right) this.#problem(`${what}: ${left} instead of ${right}`);
  }

  #expect(holds: boolean, otherwise: string): void {
    if (!holds) this.#problem(otherwise);
  }

  #problem(text: string): void {
    this.#problems.push(text);
  }
}
