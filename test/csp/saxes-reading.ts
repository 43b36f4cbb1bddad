/**
 * What saxes makes of a document, and what our profile has against it: an envelope judged from a tree, without regard to
 * speed and without any of the scan's code. {@link objections} is the list of all in which the scan is deliberately stricter
 * than XML; it is never laxer.
 */
import { SaxesParser } from 'saxes';
import type { CspErrorCode } from '../../gateway/csp/errors.ts';
import { DEFAULT_LIMITS } from '../../gateway/csp/limits.ts';
import { versionOfNamespace } from '../../gateway/csp/versions.ts';

interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
  hasCdata: boolean;
  hasComment: boolean;
}

export interface SaxesReading {
  readonly root: Node;
  readonly doctype: string | undefined;
  readonly xmlVersion: string | undefined;
  readonly encoding: string | undefined;
  readonly hasLateInstruction: boolean;
  readonly depth: number;
  readonly elements: number;
  readonly attributes: number;
  readonly nameBytes: number;
}

/** The document as saxes reads it; undefined when it refuses it. */
export function readWithSaxes(bytes: Uint8Array): SaxesReading | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
  const open: Node[] = [];
  let [root, doctype]: [Node | undefined, string | undefined] = [undefined, undefined];
  let hasLateInstruction = false;
  let [depth, elements, attributes, nameBytes] = [0, 0, 0, 0];
  const named = (name: string): void => {
    nameBytes = Math.max(nameBytes, Buffer.byteLength(name));
  };
  let [xmlVersion, encoding]: [string | undefined, string | undefined] = [undefined, undefined];
  const parser = new SaxesParser({ position: false });
  parser.on('xmldecl', (declaration) => {
    xmlVersion = declaration.version;
    encoding = declaration.encoding;
  });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('doctype', (content) => {
    doctype = content;
  });
  parser.on('processinginstruction', ({ target }) => {
    named(target);
    if (root !== undefined) hasLateInstruction = true;
  });
  parser.on('opentag', (tag) => {
    const node: Node = {
      name: tag.name,
      attributes: tag.attributes as Record<string, string>,
      children: [],
      text: '',
      hasCdata: false,
      hasComment: false,
    };
    open.at(-1)?.children.push(node);
    root ??= node;
    open.push(node);
    depth = Math.max(depth, open.length);
    elements++;
    attributes = Math.max(attributes, Object.keys(tag.attributes).length);
    for (const name of [tag.name, ...Object.keys(tag.attributes)]) named(name);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  parser.on('text', (part) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += part;
  });
  parser.on('cdata', (part) => {
    const node = open.at(-1);
    if (node !== undefined) Object.assign(node, { text: node.text + part, hasCdata: true });
  });
  parser.on('comment', () => {
    const node = open.at(-1);
    if (node !== undefined) node.hasComment = true;
  });
  try {
    parser.write(text).close();
  } catch {
    return undefined;
  }
  if (root === undefined) return undefined;
  return { root, doctype, xmlVersion, encoding, hasLateInstruction, depth, elements, attributes, nameBytes };
}

const QUOTED = `"[^"]*"|'[^']*'`;
const PUBLIC_ID = /PUBLIC\s+(?:"[-'()+,./:=?;!*#@$_% \r\na-zA-Z0-9]*"|'[-()+,./:=?;!*#@$_% \r\na-zA-Z0-9]*')\s+/.source;
const NAME = '[A-Za-z_:\\u0080-\\uffff][-\\w.:\\u0080-\\uffff]*';
const BLANKS = '[ \\t\\r\\n]';
const STRICT_DOCTYPE = new RegExp(
  `^${BLANKS}+${NAME}(?:${BLANKS}+(?:(?:${PUBLIC_ID})|SYSTEM\\s+)(?:${QUOTED}))?${BLANKS}*$`,
);

type Objection = readonly [
  code: CspErrorCode,
  reason: string,
  holds: (reading: SaxesReading, faults: ReadonlySet<Fault>) => boolean,
];
type Fault = 'structure' | 'value' | 'markup in the envelope';

/** In what the scan is stricter than XML, the code that it says it with, and how a reading shows it. */
export const OBJECTIONS: readonly Objection[] = [
  ['NOT_ALLOWED', 'only XML 1.0 is spoken', ({ xmlVersion }) => xmlVersion !== undefined && xmlVersion !== '1.0'],
  [
    'NOT_UTF8',
    'a message is UTF-8, and says nothing else',
    ({ encoding }) => encoding !== undefined && encoding.toUpperCase() !== 'UTF-8',
  ],
  [
    'NOT_ALLOWED',
    'an internal subset could define entities',
    ({ doctype }) => doctype?.replace(new RegExp(QUOTED, 'g'), '').includes('[') === true,
  ],
  [
    'NOT_WELL_FORMED',
    'saxes skips over a DOCTYPE, whatever it says',
    ({ doctype }) => doctype !== undefined && !STRICT_DOCTYPE.test(doctype),
  ],
  ['NOT_ALLOWED', 'instructions belong to the prologue', ({ hasLateInstruction }) => hasLateInstruction],
  ['OVER_LIMIT', 'depth', ({ depth }) => depth > DEFAULT_LIMITS.depth],
  ['OVER_LIMIT', 'elements', ({ elements }) => elements > DEFAULT_LIMITS.elements],
  ['OVER_LIMIT', 'attributes of an element', ({ attributes }) => attributes > DEFAULT_LIMITS.attributes],
  ['OVER_LIMIT', 'length of a name', ({ nameBytes }) => nameBytes > DEFAULT_LIMITS.nameBytes],
  [
    'NOT_ALLOWED',
    'readers differ in a value with a comment or CDATA',
    (_, faults) => faults.has('markup in the envelope'),
  ],
  ['NOT_CSP', 'what one reader takes for the session id, every reader must', (_, faults) => faults.has('structure')],
  ['NOT_CSP', 'a value of the envelope that is none', (_, faults) => faults.has('value')],
  ['UNKNOWN_VERSION', 'the namespace decides the version', ({ root }) => isUnknown(root.attributes.xmlns)],
];

/** Every objection that holds. None: the scan must accept. Any: it must refuse, with the code of one of them. */
export function objections(reading: SaxesReading): readonly Objection[] {
  const faults = envelopeFaults(reading.root);
  return OBJECTIONS.filter(([, , holds]) => holds(reading, faults));
}

function isUnknown(namespace: string | undefined): boolean {
  return namespace !== undefined && versionOfNamespace(namespace) === undefined;
}

interface Rule {
  readonly kind: 'elements' | 'value' | 'any';
  /** Children that the envelope reads, and whether each may stand once only. */
  readonly children?: Readonly<Record<string, 'once' | 'often'>>;
  readonly isValue?: (text: string) => boolean;
}

const isId = (text: string): boolean => text.trim() === text && !/[\t\r\n]/.test(text);
const RULES: Readonly<Record<string, Rule>> = {
  'WV-CSP-Message': { kind: 'elements', children: { Session: 'once' } },
  Session: { kind: 'elements', children: { SessionDescriptor: 'once', Transaction: 'often', Poll: 'once' } },
  SessionDescriptor: { kind: 'elements', children: { SessionType: 'once', SessionID: 'once' } },
  SessionType: { kind: 'value', isValue: (text) => text === 'Inband' || text === 'Outband' },
  SessionID: { kind: 'value', isValue: isId },
  Transaction: { kind: 'elements', children: { TransactionDescriptor: 'once', TransactionContent: 'once' } },
  TransactionDescriptor: {
    kind: 'elements',
    children: { TransactionMode: 'once', TransactionID: 'once', Poll: 'once' },
  },
  TransactionMode: { kind: 'value', isValue: (text) => text === 'Request' || text === 'Response' },
  TransactionID: { kind: 'value', isValue: isId },
  Poll: { kind: 'value', isValue: (text) => text === 'T' || text === 'F' },
  TransactionContent: { kind: 'elements' },
  primitive: { kind: 'any', children: { Result: 'once' } },
  Result: { kind: 'any', children: { Code: 'once' } },
  Code: { kind: 'value' },
};
const MAY_HAVE_NAMESPACE = new Set(['WV-CSP-Message', 'TransactionContent', 'primitive', 'Result', 'Code']);

function envelopeFaults(root: Node): Set<Fault> {
  const faults = new Set<Fault>();
  if (/^WV-CSP-VersionDiscovery-(Request|Response)$/.test(root.name)) return faults;
  if (root.name !== 'WV-CSP-Message') return faults.add('structure');
  judge(root, root.name, faults);
  const sessions = root.children.filter(({ name }) => name === 'Session');
  const [session] = sessions;
  const transactions = session?.children.filter(({ name }) => name === 'Transaction') ?? [];
  const inside = (node: Node | undefined, name: string): Node | undefined =>
    node?.children.find((child) => child.name === name);
  const hasType = inside(inside(session, 'SessionDescriptor'), 'SessionType') !== undefined;
  const whole = transactions.every(
    (transaction) =>
      inside(inside(transaction, 'TransactionDescriptor'), 'TransactionMode') !== undefined &&
      inside(transaction, 'TransactionContent')?.children.length === 1,
  );
  const pollInside = transactions.some((transaction) => inside(inside(transaction, 'TransactionDescriptor'), 'Poll'));
  if (!hasType || transactions.length === 0 || !whole || (pollInside && inside(session, 'Poll')))
    faults.add('structure');
  return faults;
}

function judge(node: Node, place: string, faults: Set<Fault>): void {
  const { kind, children = {}, isValue } = RULES[place] as Rule;
  if (node.attributes.xmlns !== undefined && !MAY_HAVE_NAMESPACE.has(place)) faults.add('structure');
  if ((kind === 'value' && node.hasComment) || (kind !== 'any' && node.hasCdata)) faults.add('markup in the envelope');
  if (
    kind === 'elements' &&
    (!/^[ \t\r\n]*$/.test(node.text) || node.children.some(({ name }) => name.includes(':')))
  ) {
    faults.add('structure');
  }
  if (kind === 'value' && node.children.length > 0) faults.add('structure');
  if (isValue?.(node.text) === false) faults.add('value');
  const seen = new Set<string>();
  for (const child of node.children) {
    const often = Object.hasOwn(children, child.name) ? children[child.name] : undefined;
    if (often === 'once' && seen.has(child.name)) faults.add('structure');
    seen.add(child.name);
    if (often !== undefined) judge(child, child.name, faults);
    else if (place === 'TransactionContent') judge(child, 'primitive', faults);
  }
}
