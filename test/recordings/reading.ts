/** What recorded messages say, read for the judgement: tolerantly where a VASP speaks, as the rules name things. */
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, type Element } from '../../gateway/csp/element.ts';
import { type Envelope, scanEnvelope } from '../../gateway/csp/envelope.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import type { CspMessage } from '../../gateway/csp/message.ts';
import { codesOfTree, codesOfVersion, ServiceSet } from '../../gateway/csp/service-tree.ts';
import type { Encoding } from '../../gateway/csp/versions.ts';
import { headerOf, type RecordedMessage, type Step } from './recording.ts';

/** What became of one step, and what is wrong with it. */
export interface Judged {
  readonly step: Step;
  /** In words and rules: `forwarded`, `604 [X33]` and so on, in the order in which they came into play. */
  readonly rules: readonly string[];
  readonly problems: readonly string[];
}

export function scanned(body: Buffer, encoding: Encoding): Envelope | undefined {
  try {
    return scanEnvelope(body, encoding);
  } catch (error) {
    if (error instanceof CspError) return undefined;
    throw error;
  }
}

/** A VASP's message with its leaf texts trimmed; undefined when it cannot be read. */
export function tolerant(body: Buffer, encoding: Encoding, version: CspMessage['version']): CspMessage | undefined {
  try {
    const message = decodeMessage(body, encoding, { tolerant: true, assumedVersion: version });
    const transactions = message.transactions.map((one) => ({
      ...one,
      id: one.id.trim(),
      primitive: trimmed(one.primitive),
    }));
    return { ...message, transactions };
  } catch (error) {
    if (error instanceof CspError) return undefined;
    throw error;
  }
}

export function trimmed(element: Element): Element {
  return { ...element, children: element.children.map(trimmed), text: element.text.trim() };
}

export function codeOf(primitive: Element | undefined): string | undefined {
  return childText(child(primitive, 'Result') ?? primitive, 'Code');
}

export function loginResponse(reply: RecordedMessage, encoding: Encoding): Element | undefined {
  const message = tolerant(reply.body, encoding, '1.2');
  return message?.transactions.find(({ primitive }) => primitive.name === 'Login-Response')?.primitive;
}

export function clientIdOf(primitive: Element): string {
  const clientId = child(primitive, 'ClientID');
  return childText(clientId, 'URL') ?? childText(clientId, 'MSISDN') ?? '';
}

export const MANDATORY = ServiceSet.ofCodes(['MF', 'MP', 'MM', 'MG']);

export const REPEATS_CLIENT_ID = ['Service-Request', 'ClientCapability-Request', 'GetSPInfo-Request'];

export function otherClient(message: CspMessage, session: { readonly clientId: string }): boolean {
  return message.transactions.some(
    ({ primitive }) =>
      REPEATS_CLIENT_ID.includes(primitive.name) &&
      child(primitive, 'ClientID') !== undefined &&
      clientIdOf(primitive) !== session.clientId,
  );
}

export function withoutParts(message: CspMessage, ...names: readonly string[]): CspMessage {
  const transactions = message.transactions.map((transaction) => ({
    ...transaction,
    primitive: {
      ...transaction.primitive,
      children: transaction.primitive.children.filter(({ name }) => !names.includes(name)),
    },
  }));
  return { ...message, transactions };
}

const CAPABILITY_LISTS: readonly string[] = ['CapabilityList', 'AgreedCapabilityList'];
const ABOUT_CIR = /^(SupportedCIRMethod|UDPPort|UDPAddress|TCPAddress|TCPPort|CIRURL|CIRHTTPAddress|CIRSMSAddress)$/;

/** The message as one of a gateway without CIR: its capability lists say nothing about it [X50, X53]. */
export function withoutCir(message: CspMessage): CspMessage {
  const strip = (list: Element): Element =>
    CAPABILITY_LISTS.includes(list.name)
      ? { ...list, children: list.children.filter(({ name }) => !ABOUT_CIR.test(name)) }
      : list;
  const transactions = message.transactions.map((transaction) => ({
    ...transaction,
    primitive: { ...transaction.primitive, children: transaction.primitive.children.map(strip) },
  }));
  return { ...message, transactions };
}

/** Whether a request names methods of CIR. */
export function namesCir(message: CspMessage): boolean {
  return message.transactions.some(
    ({ primitive }) => child(child(primitive, 'CapabilityList'), 'SupportedCIRMethod') !== undefined,
  );
}

export function wanted(primitive: Element, version: CspMessage['version']): ServiceSet {
  const tree = child(child(primitive, 'Functions'), 'WVCSPFeat');
  return tree === undefined ? codesOfVersion(version) : codesOfTree(tree, version);
}

export function codes(set: ServiceSet): string {
  return set.codes().join(' ');
}

/** The request with another body and the length of that, never in chunks. */
export function withBody(request: RecordedMessage, body: Buffer): RecordedMessage {
  if (body.equals(request.body)) return request;
  if (headerOf(request.headers, 'transfer-encoding') !== undefined && body.equals(unchunked(request))) return request;
  const headers = request.headers.flatMap((text, index, all) => {
    if (index % 2 === 1) return [];
    return /^(content-length|transfer-encoding)$/i.test(text) ? [] : [text, all[index + 1] ?? ''];
  });
  return { ...request, headers: [...headers, 'Content-Length', String(body.length)], body };
}

export function unchunked({ headers, body }: RecordedMessage): Buffer {
  if (headerOf(headers, 'transfer-encoding') !== 'chunked') return body;
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
