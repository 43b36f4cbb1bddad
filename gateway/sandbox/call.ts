/**
 * What every handler is given and answers with, and the small readings of a request that several of them share: who is
 * named in it, which attributes are selected, and how a partial success is told [P4.1].
 */
import { child, children, childText, childTexts, type Element, element } from '../csp/element.ts';
import { result, STATUS, status } from '../csp/status.ts';
import { type CspVersion, isAtLeast } from '../csp/versions.ts';
import { canonicalListId } from './address.ts';
import type { SandboxSession, SandboxState, SandboxUser } from './state.ts';

/** A request outside of any session. */
export interface OutbandCall {
  readonly state: SandboxState;
  readonly version: CspVersion;
  /** The primitive. */
  readonly request: Element;
}

export interface Call extends OutbandCall {
  readonly session: SandboxSession;
}

/** Answers with the primitive of the response. */
export type Handler = (call: Call) => Element;
export type OutbandHandler = (call: OutbandCall) => Element;

/** One thing that a request named and that could not be served. */
export interface Failure {
  readonly code: number;
  readonly description: string;
  /** The element that names it, for example a UserID. */
  readonly entity: Element;
}

/** The codes that only the sandbox sends; those of the gateway too are in {@link STATUS} [P6]. */
export const CODE = {
  INVALID_SEARCH_ID: 424,
  SESSION_NOT_RECOVERED: 502,
  UNKNOWN_USER: 531,
  BLOCKED: 532,
  NOT_LOGGED_IN: 533,
  MESSAGE_REJECTED: 538,
  MESSAGE_FORWARDED: 541,
  MESSAGE_EXPIRED: 542,
  NO_DIGEST_SCHEMA: 543,
  WRONG_PASSWORD: 409,
  NO_SUCH_LIST: 700,
  LIST_EXISTS: 701,
  BAD_PRESENCE_ATTRIBUTE: 750,
  BAD_LIST_PROPERTY: 752,
  NO_SUCH_GROUP: 800,
  MULTIPLE_ERRORS: 900,
} as const;

const SINCE_1_2 = new Set(['MessageID', 'ContactList', 'Domain']);
const ENTITY_ORDER = ['UserID', 'GroupID', 'ScreenName', 'MessageID', 'ContactList', 'Domain'];

/** 200; 201 when some of `total` failed; the failure's own code when all did for one reason, else 900 [P4.1]. */
export function resultOf(total: number, failures: readonly Failure[], version: CspVersion): Element {
  const first = failures[0];
  if (first === undefined) return result(STATUS.OK, 'Successfully completed.');
  const codes = [...new Set(failures.map(({ code }) => code))];
  const details = codes.map((code) => detailedResult(code, failures, version));
  if (failures.length < total) return result(STATUS.PARTIAL, 'Partially successful.', ...details);
  if (total === 1) return result(first.code, first.description);
  return codes.length === 1
    ? result(first.code, first.description, ...details)
    : result(CODE.MULTIPLE_ERRORS, 'Multiple errors.', ...details);
}

function detailedResult(code: number, failures: readonly Failure[], version: CspVersion): Element {
  const those = failures.filter((failure) => failure.code === code);
  const entities = those
    .map(({ entity }) => entity)
    .filter(({ name }) => isAtLeast(version, '1.2') || !SINCE_1_2.has(name))
    .sort((left, right) => ENTITY_ORDER.indexOf(left.name) - ENTITY_ORDER.indexOf(right.name));
  return element('DetailedResult', [
    element('Code', code),
    element('Description', those[0]?.description ?? ''),
    ...entities,
  ]);
}

export function statusOf(total: number, failures: readonly Failure[], version: CspVersion): Element {
  return element('Status', [resultOf(total, failures, version)]);
}

export function ok(): Element {
  return status(STATUS.OK, 'Successfully completed.');
}

export function unknownUser(address: string): Failure {
  return { code: CODE.UNKNOWN_USER, description: 'There is no such user.', entity: element('UserID', address) };
}

export function unknownList(address: string): Failure {
  return {
    code: CODE.NO_SUCH_LIST,
    description: 'There is no such contact list.',
    entity: element('ContactList', address),
  };
}

/** The addresses of users that a request names: bare, in User elements, or in a UserIDList (1.3). */
export function userAddresses(request: Element | undefined): string[] {
  const bare = [...childTexts(request, 'UserID'), ...childTexts(child(request, 'UserIDList'), 'UserID')];
  const inUser = children(request, 'User').map((user) => childText(user, 'UserID') ?? '');
  return [...bare, ...inUser];
}

/** The addresses of contact lists that a request names: bare, or in a ContactListIDList (1.3). */
export function listAddresses(request: Element | undefined): string[] {
  const inList = childTexts(child(request, 'ContactListIDList'), 'ContactList');
  return [...childTexts(request, 'ContactList'), ...inList];
}

/** Users named one by one or through the caller's contact lists, each once, and what could not be found. */
export function namedUsers(
  { state, session }: Call,
  request: Element | undefined,
): { users: SandboxUser[]; failures: Failure[]; total: number } {
  const users = new Set<SandboxUser>();
  const failures: Failure[] = [];
  const addresses = userAddresses(request);
  for (const address of addresses) {
    const user = state.userOf(address);
    if (user === undefined) failures.push(unknownUser(address));
    else users.add(user);
  }
  const lists = listAddresses(request);
  for (const address of lists) {
    const list = session.user.contactLists.get(canonicalListId(address, state.settings.domain) ?? '');
    if (list === undefined) failures.push(unknownList(address));
    for (const member of list?.members.keys() ?? []) {
      const user = state.users.get(member);
      if (user !== undefined) users.add(user);
    }
  }
  return { users: [...users], failures, total: addresses.length + lists.length };
}

/** The attributes that a PresenceSubList selects; undefined when it is missing or empty, which means all. */
export function selectedAttributes(request: Element): ReadonlySet<string> | undefined {
  const selection = child(request, 'PresenceSubList')?.children.map(({ name }) => name) ?? [];
  return selection.length === 0 ? undefined : new Set(selection);
}

/** `20261122T152623Z` [P4]. */
export function dateTime(millis: number): string {
  return new Date(millis).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** What a client identifies its program by, for comparing [P4.2]. */
export function clientKey(clientId: Element | undefined): string {
  return [childText(clientId, 'URL'), childText(clientId, 'MSISDN')].filter((part) => part !== undefined).join(' ');
}
