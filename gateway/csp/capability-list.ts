/**
 * What the capability exchange says about CIR [P4.3, P9]: the methods and addresses in a CapabilityList or an
 * AgreedCapabilityList, read from the tree, and changed in the bytes element by element. All other elements of a list stay
 * byte for byte, whatever they are.
 */
import { childInteger, childText, childTexts, descendant, type Element, element } from './element.ts';
import type { ByteRange } from './envelope.ts';
import { locateChildren, withSwitches } from './locate.ts';
import { type Edit, elementEdit, splice } from './splice.ts';
import type { CspVersion, Encoding } from './versions.ts';

/** Every element of a list that is about CIR, under all names that versions have for it. */
const CIR_ELEMENTS: ReadonlySet<string> = new Set([
  'SupportedCIRMethod',
  'UDPPort',
  'UDPAddress',
  'TCPAddress',
  'TCPPort',
  'CIRURL',
  'CIRHTTPAddress',
  'CIRSMSAddress',
]);

/** Where an element is put that a list does not have: behind those that stand before it here. */
const ORDER_1_1 =
  `ClientType InitialDeliveryMethod AnyContent AcceptedCharset AcceptedContentType AcceptedTransferEncoding
  AcceptedContentLength SupportedBearer MultiTrans ParserSize SupportedCIRMethod UDPPort TCPAddress TCPPort ServerPollMin
  DefaultLanguage`.split(/\s+/);
const ORDER_1_2 = 'SupportedBearer SupportedCIRMethod TCPAddress TCPPort ServerPollMin CIRURL'.split(' ');
const ORDER_1_3 = `AcceptedContentType AnyContent AcceptedPullLength AcceptedPushLength AcceptedTextContentLength
  AcceptedTransferEncoding CIRHTTPAddress CIRSMSAddress MultiTrans MultiTransPerMessage OfflineETEMHandling
  OnlineETEMHandling ServerPollMin SupportedBearer SupportedOfflineBearer SupportedCIRMethod TCPAddress TCPPort UDPAddress
  UDPPort SessionPriority UserSessionLimit`.split(/\s+/);
const ORDERS: Readonly<Record<CspVersion, readonly string[]>> = {
  '1.1': ORDER_1_1,
  '1.2': ORDER_1_2,
  '1.3': ORDER_1_3,
};

/** What a client says in its CapabilityList. */
export interface CirWishes {
  /** As written, in order. */
  readonly methods: readonly string[];
  readonly udpPort: number | undefined;
}

export function cirWishes(list: Element | undefined): CirWishes {
  return { methods: childTexts(list, 'SupportedCIRMethod'), udpPort: portIn(list, 'UDPPort') };
}

/** What a server says in its answer: where its channels are. */
export interface CirAnswer {
  /** Both are there, or it is undefined. */
  readonly tcp: { readonly host: string; readonly port: number } | undefined;
  readonly url: string | undefined;
}

export function cirAnswer(list: Element | undefined): CirAnswer {
  const host = childText(list, 'TCPAddress') ?? '';
  const port = portIn(list, 'TCPPort');
  const url = ['CIRURL', 'CIRHTTPAddress'].map((name) => descendant(list, name, 'URL')?.text.trim() ?? '');
  return {
    // COMPAT Baraza: it lists SHTTP alone and gives the TCP address too, so the address counts and not the list.
    tcp: host === '' || port === undefined ? undefined : { host, port },
    url: url.find((text) => text !== ''),
  };
}

function portIn(list: Element | undefined, name: string): number | undefined {
  const port = childInteger(list, name);
  return port !== undefined && port > 0 && port <= 65_535 ? port : undefined;
}

/** What a list is to say about CIR; what is undefined, it does not say. */
export interface CirFields {
  readonly methods: readonly string[];
  readonly tcp?: { readonly host: string; readonly port: number } | undefined;
  readonly udpAddress?: string | undefined;
  readonly udpPort?: number | undefined;
  readonly url?: string | undefined;
}

/** Whether the list at `range` says anything about CIR. `bytes` is the whole message. */
export function saysCir(bytes: Uint8Array, encoding: Encoding, version: CspVersion, range: ByteRange): boolean {
  return locateChildren(bytes, encoding, version, range).some(({ name }) => CIR_ELEMENTS.has(name));
}

/** The message with the list at `range` saying `fields` about CIR and nothing else about it. */
export function withCirFields(
  bytes: Uint8Array,
  encoding: Encoding,
  version: CspVersion,
  range: ByteRange,
  fields: CirFields,
): Buffer {
  return splice(bytes, encoding, editsFor(bytes, encoding, version, range, elementsOf(fields, version)));
}

/** By name, in the order in which they are put in. */
function elementsOf(fields: CirFields, version: CspVersion): ReadonlyMap<string, readonly Element[]> {
  const { methods, tcp, udpAddress, udpPort, url } = fields;
  const urlName = version === '1.3' ? 'CIRHTTPAddress' : 'CIRURL';
  const one = (name: string, text: string | number | undefined): Element[] =>
    text === undefined ? [] : [element(name, text)];
  const all: readonly (readonly [string, readonly Element[]])[] = [
    [urlName, url === undefined ? [] : [element(urlName, [element('URL', url)])]],
    ['SupportedCIRMethod', methods.map((method) => element('SupportedCIRMethod', method))],
    ['TCPAddress', one('TCPAddress', tcp?.host)],
    ['TCPPort', one('TCPPort', tcp?.port)],
    ['UDPAddress', one('UDPAddress', udpAddress)],
    ['UDPPort', one('UDPPort', udpPort)],
  ];
  const order = ORDERS[version];
  return new Map(all.toSorted(([one], [other]) => order.indexOf(one) - order.indexOf(other)));
}

function editsFor(
  bytes: Uint8Array,
  encoding: Encoding,
  version: CspVersion,
  range: ByteRange,
  wanted: ReadonlyMap<string, readonly Element[]>,
): Edit[] {
  const present = locateChildren(bytes, encoding, version, range);
  const edits: Edit[] = [];
  const used = new Map<string, number>();
  for (const child of present) {
    if (!CIR_ELEMENTS.has(child.name)) continue;
    const index = used.get(child.name) ?? 0;
    used.set(child.name, index + 1);
    const replacement = wanted.get(child.name)?.[index];
    if (replacement !== undefined) edits.push(elementEdit(encoding, version, child.range, replacement));
    else edits.push({ range: encoding === 'xml' ? child.range : withSwitches(bytes, child.range) });
  }
  for (const [name, elements] of wanted) {
    const place = placeFor(name, version, present);
    if (place === undefined) continue;
    for (const added of elements.slice(used.get(name) ?? 0)) edits.push(elementEdit(encoding, version, place, added));
  }
  return edits;
}

/** Behind the last element that the version has before it, else before the first. An empty list has no place. */
function placeFor(
  name: string,
  version: CspVersion,
  present: readonly { readonly name: string; readonly range: ByteRange }[],
): ByteRange | undefined {
  const order = ORDERS[version];
  const mine = order.indexOf(name);
  const before = present.findLast((child) => {
    const place = order.indexOf(child.name);
    return place !== -1 && place <= mine;
  });
  if (before !== undefined) {
    const { end, pageAtEnd } = before.range;
    return { start: end, end, pageAtStart: pageAtEnd, pageAtEnd };
  }
  const first = present[0]?.range;
  return first === undefined
    ? undefined
    : { start: first.start, end: first.start, pageAtStart: first.pageAtStart, pageAtEnd: first.pageAtStart };
}
