/**
 * The usual spellings of an envelope's tags, which the scan compares whole instead of reading them name by name. They are
 * a short cut and nothing more: a tag that is not spelled like this is read byte by byte, with the same result.
 */
import { type Spelling, spelling, standsAt } from './envelope-bytes.ts';
import { Place } from './envelope-draft.ts';
import type { CodecLimits } from './limits.ts';
import { CSP_VERSIONS, type CspVersion, NAMESPACES } from './versions.ts';

export interface UsualTag extends Spelling {
  readonly place: number;
  readonly nameLength: number;
  readonly version: CspVersion;
}

/** Usual start tags: of the root, and by the place of the parent. */
export interface UsualTags {
  readonly roots: readonly UsualTag[];
  readonly children: readonly (readonly UsualTag[])[];
}

function tag(version: CspVersion, place: number, name: string, attributes = ''): UsualTag {
  return { ...spelling(`<${name}${attributes}>`), place, nameLength: name.length, version };
}

const ROOTS = CSP_VERSIONS.map((version) =>
  tag(version, Place.Message, 'WV-CSP-Message', ` xmlns="${NAMESPACES[version].csp}"`),
);

function childrenIn(version: CspVersion): UsualTag[][] {
  const poll = tag(version, Place.Poll, 'Poll');
  const children: UsualTag[][] = Array.from({ length: 16 }, () => []);
  children[Place.Message] = [tag(version, Place.Session, 'Session')];
  children[Place.Session] = [
    tag(version, Place.Transaction, 'Transaction'),
    tag(version, Place.SessionDescriptor, 'SessionDescriptor'),
    poll,
  ];
  children[Place.SessionDescriptor] = [
    tag(version, Place.SessionType, 'SessionType'),
    tag(version, Place.SessionId, 'SessionID'),
  ];
  children[Place.Transaction] = [
    tag(version, Place.Descriptor, 'TransactionDescriptor'),
    tag(version, Place.Content, 'TransactionContent', ` xmlns="${NAMESPACES[version].trc}"`),
    tag(version, Place.Content, 'TransactionContent'),
  ];
  children[Place.Descriptor] = [
    tag(version, Place.Mode, 'TransactionMode'),
    tag(version, Place.Id, 'TransactionID'),
    poll,
  ];
  children[Place.Primitive] = [tag(version, Place.Result, 'Result')];
  children[Place.Result] = [tag(version, Place.Code, 'Code')];
  return children;
}

const USUAL: Readonly<Record<CspVersion, UsualTags>> = {
  '1.1': { roots: ROOTS, children: childrenIn('1.1') },
  '1.2': { roots: ROOTS, children: childrenIn('1.2') },
  '1.3': { roots: ROOTS, children: childrenIn('1.3') },
};
const NONE: UsualTags = { roots: [], children: Array.from({ length: 16 }, () => []) };

/** The usual tags of a version; none where the limits are so narrow that a usual tag could be over them. */
export function usualTags(version: CspVersion, limits: CodecLimits): UsualTags {
  const wide = limits.nameBytes >= 32 && limits.textBytes >= 64 && limits.attributes > 0;
  return wide ? USUAL[version] : NONE;
}

/** Which of the tags stands at a place of the copy. */
export function usualTagAt(view: DataView, at: number, tags: readonly UsualTag[]): UsualTag | undefined {
  for (let i = 0; i < tags.length; i++) {
    const candidate = tags[i] as UsualTag;
    if (standsAt(view, at, candidate)) return candidate;
  }
  return undefined;
}
