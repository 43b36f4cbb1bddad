/**
 * The service tree: what a client may be granted, code by code [P3]. Holds the tree of every version, the set type that
 * a service level is made of, and the two spellings of a set: names that operators write, and the WVCSPFeat element.
 *
 * The four codes MF, MP, MM and MG stand for the mandatory part of a feature, which has no code of its own: they are
 * granted with the whole feature, and also with the one function whose name promises that part (sending with
 * IMSendFunc, presence delivery with PresenceDeliverFunc, using groups with GroupUseFunc).
 */
import { type Element, element } from './element.ts';
import { type CspVersion, isAtLeast } from './versions.ts';

interface CodeRow {
  readonly code: string;
  readonly feature: string;
  readonly function: string;
  readonly since: CspVersion;
  /** The first version that no longer has it. */
  readonly removed?: CspVersion;
  /** Mandatory part of its feature: named in a tree only when asked for by that name. */
  readonly mandatory?: true;
}

const row = (feature: string, fn: string, code: string, since: CspVersion = '1.1', removed?: CspVersion): CodeRow => ({
  feature,
  function: fn,
  code,
  since,
  ...(removed === undefined ? {} : { removed }),
});

const mandatory = (feature: string, fn: string, code: string): CodeRow => ({
  feature,
  function: fn,
  code,
  since: '1.2',
  mandatory: true,
});

/** Every code, in the order of the tree. The position in this list is the code's bit in a {@link ServiceSet}: append, never reorder. */
const CODES: readonly CodeRow[] = [
  mandatory('FundamentalFeat', 'ServiceFunc', 'MF'),
  row('FundamentalFeat', 'ServiceFunc', 'GETSPI'),
  row('FundamentalFeat', 'ServiceFunc', 'GETMAP', '1.3'),
  row('FundamentalFeat', 'ServiceFunc', 'SGMNT', '1.3'),
  row('FundamentalFeat', 'SearchFunc', 'SRCH'),
  row('FundamentalFeat', 'SearchFunc', 'ADVSR', '1.3'),
  row('FundamentalFeat', 'SearchFunc', 'STSRC'),
  row('FundamentalFeat', 'InviteFunc', 'INVIT'),
  row('FundamentalFeat', 'InviteFunc', 'CAINV'),
  row('FundamentalFeat', 'VerifyIDFunc', 'VRID', '1.2'),
  mandatory('PresenceFeat', 'PresenceDeliverFunc', 'MP'),
  row('PresenceFeat', 'ContListFunc', 'GCLI'),
  row('PresenceFeat', 'ContListFunc', 'CCLI'),
  row('PresenceFeat', 'ContListFunc', 'DCLI'),
  row('PresenceFeat', 'ContListFunc', 'MCLS'),
  row('PresenceFeat', 'PresenceAuthFunc', 'GETWL'),
  row('PresenceFeat', 'PresenceAuthFunc', 'REACT', '1.1', '1.3'),
  row('PresenceFeat', 'PresenceAuthFunc', 'CAAUT', '1.1', '1.3'),
  row('PresenceFeat', 'PresenceAuthFunc', 'GETAUT', '1.2', '1.3'),
  row('PresenceFeat', 'PresenceDeliverFunc', 'GETPR'),
  row('PresenceFeat', 'PresenceDeliverFunc', 'UPDPR'),
  row('PresenceFeat', 'AttListFunc', 'CALI', '1.1', '1.3'),
  row('PresenceFeat', 'AttListFunc', 'DALI', '1.1', '1.3'),
  row('PresenceFeat', 'AttListFunc', 'GALS', '1.1', '1.3'),
  mandatory('IMFeat', 'IMSendFunc', 'MM'),
  row('IMFeat', 'IMSendFunc', 'MDELIV'),
  row('IMFeat', 'IMSendFunc', 'FWMSG'),
  row('IMFeat', 'IMReceiveFunc', 'SETD'),
  row('IMFeat', 'IMReceiveFunc', 'GETLM'),
  row('IMFeat', 'IMReceiveFunc', 'GETM'),
  row('IMFeat', 'IMReceiveFunc', 'REJCM'),
  row('IMFeat', 'IMReceiveFunc', 'NOTIF'),
  row('IMFeat', 'IMReceiveFunc', 'NEWM'),
  row('IMFeat', 'IMReceiveFunc', 'OFFNOTIF', '1.3'),
  row('IMFeat', 'IMAuthFunc', 'GLBLU'),
  row('IMFeat', 'IMAuthFunc', 'BLENT'),
  mandatory('GroupFeat', 'GroupUseFunc', 'MG'),
  row('GroupFeat', 'GroupMgmtFunc', 'CREAG'),
  row('GroupFeat', 'GroupMgmtFunc', 'DELGR'),
  row('GroupFeat', 'GroupMgmtFunc', 'GETGP'),
  row('GroupFeat', 'GroupMgmtFunc', 'SETGP'),
  row('GroupFeat', 'GroupUseFunc', 'SUBGCN'),
  row('GroupFeat', 'GroupUseFunc', 'GRCHN'),
  row('GroupFeat', 'GroupUseFunc', 'EXCON', '1.3'),
  row('GroupFeat', 'GroupAuthFunc', 'GETGM'),
  row('GroupFeat', 'GroupAuthFunc', 'ADDGM'),
  row('GroupFeat', 'GroupAuthFunc', 'RMVGM'),
  row('GroupFeat', 'GroupAuthFunc', 'MBRAC'),
  row('GroupFeat', 'GroupAuthFunc', 'REJEC'),
  row('GroupFeat', 'GroupAuthFunc', 'GETJU', '1.2'),
];

export const TREE_ROOT = 'WVCSPFeat';
const FEATURES = [...new Set(CODES.map(({ feature }) => feature))];
/** In the order of the tree: the mandatory parts, which stand first in their features, do not count. */
const FUNCTIONS = [...new Set(CODES.filter((r) => !r.mandatory).map((r) => r.function))];
const BIT_OF = new Map(CODES.map(({ code }, index) => [code, index]));

/** An immutable set of service codes: 64 bits in two numbers, so that it is cheap to keep with a million sessions. */
export class ServiceSet {
  static readonly NONE = new ServiceSet(0, 0);
  static readonly ALL = ServiceSet.ofCodes(CODES.map(({ code }) => code));

  readonly low: number;
  readonly high: number;

  /** The two halves as `low` and `high` gave them: unsigned 32-bit integers. */
  constructor(low: number, high: number) {
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  static ofCodes(codes: Iterable<string>): ServiceSet {
    let low = 0;
    let high = 0;
    for (const code of codes) {
      const bit = BIT_OF.get(code);
      if (bit === undefined) throw new RangeError(`${code} is no service code`);
      if (bit < 32) low |= 1 << bit;
      else high |= 1 << (bit - 32);
    }
    return new ServiceSet(low, high);
  }

  /** Whether the set holds a code of the tree; false for a name that is none. */
  has(code: string): boolean {
    const bit = BIT_OF.get(code);
    if (bit === undefined) return false;
    return bit < 32 ? (this.low & (1 << bit)) !== 0 : (this.high & (1 << (bit - 32))) !== 0;
  }

  /** What both hold: how two accepted policies meet [X30]. */
  meet(other: ServiceSet): ServiceSet {
    return new ServiceSet(this.low & other.low, this.high & other.high);
  }

  join(other: ServiceSet): ServiceSet {
    return new ServiceSet(this.low | other.low, this.high | other.high);
  }

  minus(other: ServiceSet): ServiceSet {
    return new ServiceSet(this.low & ~other.low, this.high & ~other.high);
  }

  equals(other: ServiceSet): boolean {
    return this.low === other.low && this.high === other.high;
  }

  get isEmpty(): boolean {
    return this.low === 0 && this.high === 0;
  }

  /** Nothing is withheld. */
  get isAll(): boolean {
    return this.equals(ServiceSet.ALL);
  }

  /** The codes in tree order. */
  codes(): string[] {
    return CODES.filter(({ code }) => this.has(code)).map(({ code }) => code);
  }
}

const SET_OF_NAME: ReadonlyMap<string, ServiceSet> = new Map(
  [TREE_ROOT, ...FEATURES, ...new Set(CODES.map((r) => r.function)), ...CODES.map(({ code }) => code)].map((name) => [
    name,
    ServiceSet.ofCodes(
      CODES.filter((r) => [TREE_ROOT, r.feature, r.function, r.code].includes(name)).map(({ code }) => code),
    ),
  ]),
);

/** Every name that an operator may write in `grant` and `except`: the root, features, functions and codes. */
export const SERVICE_NAMES: readonly string[] = [...SET_OF_NAME.keys()];

/** What a name of the tree stands for, in all versions; undefined when the tree has no such name. */
export function serviceSetOf(name: string): ServiceSet | undefined {
  return SET_OF_NAME.get(name);
}

/** The function that a code belongs to; empty for a name that is no code. */
export function functionOfCode(code: string): string {
  return CODES[BIT_OF.get(code) ?? -1]?.function ?? '';
}

/** The codes that exist in a version; the mandatory parts exist in all, though 1.1 has no name for them. */
export function codesOfVersion(version: CspVersion): ServiceSet {
  return VERSION_SETS[version];
}

const VERSION_SETS: Readonly<Record<CspVersion, ServiceSet>> = {
  '1.1': existingIn('1.1'),
  '1.2': existingIn('1.2'),
  '1.3': existingIn('1.3'),
};

function existingIn(version: CspVersion): ServiceSet {
  return ServiceSet.ofCodes(
    CODES.filter((r) => (r.mandatory || r.since <= version) && !(r.removed !== undefined && r.removed <= version)).map(
      ({ code }) => code,
    ),
  );
}

/**
 * The codes that a WVCSPFeat element stands for: an empty node is its whole subtree, a node with children only those
 * [P3.1]. Names that the tree does not know count for nothing.
 */
export function codesOfTree(tree: Element, version: CspVersion): ServiceSet {
  if (tree.children.length === 0) return (SET_OF_NAME.get(tree.name) ?? ServiceSet.NONE).meet(VERSION_SETS[version]);
  return tree.children.reduce((sum, node) => sum.join(codesOfTree(node, version)), ServiceSet.NONE);
}

/**
 * The set with the mandatory part of every feature that it holds a code of: who spells out what there is leaves the
 * mandatory parts unsaid, and they are there when their feature is [P3].
 */
export function withMandatoryParts(set: ServiceSet): ServiceSet {
  const present = new Set(CODES.filter(({ code }) => set.has(code)).map(({ feature }) => feature));
  return set.join(
    ServiceSet.ofCodes(CODES.filter((r) => r.mandatory && present.has(r.feature)).map(({ code }) => code)),
  );
}

/**
 * The WVCSPFeat element for a set, every code spelled out; undefined for an empty one, because an empty WVCSPFeat means
 * everything. A mandatory part is named only where a feature has nothing else [P3]: it does not stand beside functions.
 */
export function spelledOutTree(set: ServiceSet, version: CspVersion): Element | undefined {
  return tree(set.meet(VERSION_SETS[version]), version, () => false);
}

/**
 * The WVCSPFeat element for a set, collapsed upwards: a node becomes empty when everything that `within` holds below it
 * is in the set [X30]. With the codes that a client asked for as `within`, this is the Functions of an answer.
 */
export function collapsedTree(set: ServiceSet, within: ServiceSet, version: CspVersion): Element | undefined {
  const part = set.meet(VERSION_SETS[version]);
  return tree(part, version, (name) => {
    const below = (SET_OF_NAME.get(name) ?? ServiceSet.NONE).meet(within).meet(VERSION_SETS[version]);
    return !below.isEmpty && below.minus(part).isEmpty;
  });
}

function tree(set: ServiceSet, version: CspVersion, isWhole: (name: string) => boolean): Element | undefined {
  if (set.isEmpty) return undefined;
  if (isWhole(TREE_ROOT)) return element(TREE_ROOT);
  const features = FEATURES.flatMap((feature) => featureNode(feature, set, version, isWhole) ?? []);
  return features.length === 0 ? undefined : element(TREE_ROOT, features);
}

function featureNode(
  feature: string,
  set: ServiceSet,
  version: CspVersion,
  isWhole: (name: string) => boolean,
): Element | undefined {
  const rows = CODES.filter((r) => r.feature === feature && set.has(r.code));
  if (rows.length === 0) return undefined;
  if (isWhole(feature)) return element(feature);
  const functions = FUNCTIONS.filter((fn) => rows.some((r) => r.function === fn));
  const nodes = functions.flatMap((fn): Element[] => {
    if (isWhole(fn)) return [element(fn)];
    const leaves = rows.filter((r) => r.function === fn && !r.mandatory).map(({ code }) => element(code));
    return leaves.length === 0 ? [] : [element(fn, leaves)];
  });
  if (nodes.length > 0) return element(feature, nodes);
  // 1.1 has no names for mandatory parts.
  return isAtLeast(version, '1.2')
    ? element(
        feature,
        rows.map(({ code }) => element(code)),
      )
    : undefined;
}
