/**
 * What a VASP says of a SendMessage-Request, recipient by recipient [P4.1, P4.4, X60]: one code for all, or a
 * DetailedResult for each kind of failure that names whom it concerns. Whoever cannot be told apart is left to the VASP's
 * words: a message is kept only for a user of whom the VASP says nothing but that the user is away.
 */
import { child, childInteger, children, childText, childTexts, type Element, element } from '../csp/element.ts';
import { endsSession, STATUS } from '../csp/status.ts';
import { mayBeSameUser, readUserId } from '../policy/user-id.ts';

/** A recipient whom the VASP did not reach because of being away. */
export interface AwayRecipient {
  /** As the sender wrote it; of a member of a contact list, as the VASP did. */
  readonly userId: string;
}

/** One reason why recipients were not reached. */
export interface SendingFailure {
  readonly code: number;
  readonly description: string | undefined;
  /** UserID, GroupID, ContactList, …: whom it concerns. Empty where the VASP does not say it in ids. */
  readonly entities: readonly Element[];
}

export interface Sending {
  /** One for each DetailedResult that tells of a failure, and what a single code says of the recipients that none names. */
  readonly failures: readonly SendingFailure[];
  /** The VASP has the message for somebody. */
  readonly isReached: boolean;
  /** Users, groups and contact lists that the sender named. */
  readonly addressed: number;
  /** Of users, each once, as the sender wrote them. */
  readonly users: readonly string[];
  readonly hasLists: boolean;
  readonly hasGroups: boolean;
  readonly messageId: string | undefined;
  /** What the VASP's Result holds beside code, description and details, such as a SystemMessageList. */
  readonly more: readonly Element[];
}

const FIRST_FAILURE = 400;
/** Who does not exist, or has blocked the sender, is never away [X60]. */
const NEVER_AWAY: ReadonlySet<number> = new Set([531, 532]);
const WORDS: ReadonlySet<string> = new Set(['Code', 'Description']);
const ANSWERS: ReadonlySet<string> = new Set(['SendMessage-Response', 'Status']);
/** Of a Result: what a new one has in its own words. A time to try again belongs to the code that it came with. */
const REPLACED: ReadonlySet<string> = new Set(['Code', 'Description', 'DetailedResult', 'TryAgainTimeout']);

/** Whether a SendMessage-Request may go to somebody for whom messages are kept: a user, named or on a contact list. */
export function isForUsers(request: Element): boolean {
  const recipient = child(child(request, 'MessageInfo'), 'Recipient');
  return recipient?.children.some(({ name }) => name === 'User' || name === 'ContactList') === true;
}

/** Undefined when everybody was reached, and when the answer says nothing that could be understood. */
export function readSending(request: Element, answer: Element): Sending | undefined {
  if (!ANSWERS.has(answer.name)) return undefined;
  // COMPAT InterVillage: a Status without a Result [P17].
  const result = child(answer, 'Result') ?? answer;
  const code = childInteger(result, 'Code');
  if (code === undefined || endsSession(code)) return undefined;
  if (code !== STATUS.PARTIAL && code < FIRST_FAILURE) return undefined;
  const parties = readParties(request);
  const told = children(result, 'DetailedResult').map((detail) => readDetail(detail, code, parties));
  const left = leftOver(code, result, told, parties);
  const failures = [...told.filter(isFailure), ...(left === undefined ? [] : [left])];
  const isSpared = (party: Element): boolean => !failures.some((failure) => concerns(failure, party));
  const messageId = childText(answer, 'MessageID');
  return {
    failures,
    isReached: code === STATUS.PARTIAL ? parties.all.some(isSpared) : told.some((one) => !isFailure(one)),
    addressed: parties.all.length,
    users: parties.users,
    hasLists: parties.all.some(({ name }) => name === 'ContactList'),
    hasGroups: parties.hasGroups,
    messageId: messageId === '' ? undefined : messageId,
    more: result === answer ? [] : result.children.filter(({ name }) => !REPLACED.has(name)),
  };
}

interface Parties {
  /** Entities as a DetailedResult names them, each user once. */
  readonly all: readonly Element[];
  readonly users: readonly string[];
  readonly hasGroups: boolean;
}

function readParties(request: Element): Parties {
  const recipient = child(child(request, 'MessageInfo'), 'Recipient');
  const users = new Map<string, string>();
  for (const user of children(recipient, 'User')) {
    const userId = childText(user, 'UserID') ?? '';
    const { bare } = readUserId(userId);
    if (bare !== '' && !users.has(bare)) users.set(bare, userId);
  }
  const groups = children(recipient, 'Group').flatMap((group) => group.children.slice(0, 1).map(trimmed));
  const lists = childTexts(recipient, 'ContactList').map((list) => element('ContactList', list));
  const named = [...users.values()].map((userId) => element('UserID', userId));
  return { all: [...named, ...groups, ...lists], users: [...users.values()], hasGroups: groups.length > 0 };
}

/** COMPAT Baraza: names nobody in ids [P17]; with one recipient it can be nobody else. */
function readDetail(detail: Element, code: number, { all }: Parties): SendingFailure {
  const named = detail.children.filter(({ name }) => !WORDS.has(name)).map(trimmed);
  return {
    code: childInteger(detail, 'Code') ?? code,
    description: childText(detail, 'Description'),
    entities: named.length === 0 && all.length === 1 ? all : named,
  };
}

/** Some VASPs list those whom they reached too. */
function isFailure({ code }: SendingFailure): boolean {
  return code >= FIRST_FAILURE;
}

/** What the code itself says of the recipients that no DetailedResult names; undefined: nothing. */
function leftOver(
  code: number,
  result: Element,
  told: readonly SendingFailure[],
  parties: Parties,
): SendingFailure | undefined {
  // Details without ids concern some of them, and nobody knows whom.
  if (code === STATUS.PARTIAL || told.some(({ entities }) => entities.length === 0)) return undefined;
  const named = told.flatMap(({ entities }) => entities);
  const namesMembers = named.some(
    ({ name, text }) => name === 'UserID' && addressedAs(parties.users, text) === undefined,
  );
  const entities = parties.all.filter((party) => {
    // Members are named in the place of their list or group.
    if (namesMembers && party.name !== 'UserID') return false;
    return !told.some((failure) => concerns(failure, party));
  });
  return entities.length === 0 ? undefined : { code, description: childText(result, 'Description'), entities };
}

function concerns({ entities }: SendingFailure, party: Element): boolean {
  return entities.some((entity) => entity === party || isSameEntity(entity, party) || isDomainOf(entity, party));
}

function isDomainOf({ name, text }: Element, party: Element): boolean {
  return name === 'Domain' && party.name === 'UserID' && readUserId(party.text).domain === text.toLowerCase();
}

function isSameEntity(one: Element, other: Element): boolean {
  if (one.name !== other.name) return false;
  if (one.children.length > 0) return one.children.every((part, at) => isSameAddress(part, other.children[at]));
  return isSameAddress(one, other);
}

/** Addresses compare without regard to case, `wv:` and a domain that is filled in [P11]. */
function isSameAddress(one: Element, other: Element | undefined): boolean {
  return other !== undefined && one.name === other.name && mayBeSameUser(readUserId(one.text), readUserId(other.text));
}

/** The recipient whom a UserID of the VASP's means; undefined: none, or it could be several. */
function addressedAs(users: readonly string[], userId: string): string | undefined {
  const meant = readUserId(userId);
  const exact = users.find((user) => readUserId(user).bare === meant.bare);
  if (exact !== undefined) return exact;
  const possible = users.filter((user) => mayBeSameUser(readUserId(user), meant));
  return possible.length === 1 ? possible[0] : undefined;
}

/**
 * Users that were not reached because they are away, each once.
 * @param isAway whether this code says so of this user
 */
export function awayRecipients(
  sending: Sending,
  isAway: (userId: string, code: number) => boolean,
): readonly AwayRecipient[] {
  const codes = new Map<string, { readonly userId: string; readonly codes: Set<number> }>();
  for (const { code, entities } of sending.failures) {
    for (const entity of entities) {
      const userId = meantBy(sending, entity);
      if (userId === undefined) continue;
      const key = readUserId(userId).bare;
      const known = codes.get(key) ?? { userId, codes: new Set() };
      codes.set(key, known);
      known.codes.add(code);
    }
  }
  // Who is named as away and as something else besides is not only away.
  return [...codes.values()]
    .filter(({ userId, codes: said }) => [...said].every((code) => !NEVER_AWAY.has(code) && isAway(userId, code)))
    .map(({ userId }) => ({ userId }));
}

/**
 * The user that an entity of a failure means; undefined when it is none that the sender addressed, by name or by a contact
 * list. Members of a group are not: nobody knows on whose behalf a copy would be kept, and whoever leaves the group while
 * away, or was never to be known to the sender by more than a screen name, would get it all the same. Beside a group
 * nobody knows either which of the two an unknown user belongs to.
 */
export function meantBy({ users, hasLists, hasGroups }: Sending, { name, text }: Element): string | undefined {
  if (name !== 'UserID' || text === '') return undefined;
  const addressed = addressedAs(users, text);
  if (addressed !== undefined) return addressed;
  const couldBeSeveral = users.some((user) => mayBeSameUser(readUserId(user), readUserId(text)));
  return hasLists && !hasGroups && !couldBeSeveral ? text : undefined;
}

/** COMPAT Baraza: leaf text stands between line feeds [P17]. */
function trimmed(original: Element): Element {
  if (original.children.length === 0) return { ...original, text: original.text.trim() };
  return { ...original, children: original.children.map(trimmed) };
}
