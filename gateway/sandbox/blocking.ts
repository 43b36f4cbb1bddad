/** Block and grant lists [P4.4]: who may not send messages to a user, and who alone may. */
import { child, children, childText, type Element, element } from '../csp/element.ts';
import type { CspVersion } from '../csp/versions.ts';
import { canonicalUserId } from './address.ts';
import { type Call, ok } from './call.ts';
import type { AccessList, SandboxUser } from './state.ts';

/** Whether messages of `sender` are kept from `recipient`. */
export function isBlocked(recipient: SandboxUser, sender: SandboxUser): boolean {
  const { block, grant } = recipient;
  return (block.inUse && holds(block, sender)) || (grant.inUse && !holds(grant, sender));
}

function holds(list: AccessList, user: SandboxUser): boolean {
  return list.entities.some(({ name, text }) => name === 'UserID' && text === user.id);
}

export function getBlockedList({ session, version }: Call): Element {
  const { block, grant } = session.user;
  return element('GetBlockedList-Response', [
    ...spelled('BlockList', block, version),
    ...spelled('GrantList', grant, version),
  ]);
}

function spelled(name: 'BlockList' | 'GrantList', list: AccessList, version: CspVersion): Element[] {
  const entities = list.entities.length === 0 ? undefined : element('EntityList', list.entities);
  return version === '1.3'
    ? [element(name, [entities]), element(`${name}InUse`, list.inUse)]
    : [element(name, [element('InUse', list.inUse), entities])];
}

export function blockEntity({ state, session, request }: Call): Element {
  change(session.user.block, request, 'BlockList', state.settings.domain);
  change(session.user.grant, request, 'GrantList', state.settings.domain);
  return ok();
}

function change(list: AccessList, request: Element, name: 'BlockList' | 'GrantList', domain: string): void {
  const wanted = child(request, name);
  const read = (part: string): Element[] => (child(wanted, part)?.children ?? []).map((one) => canonical(one, domain));
  if (child(wanted, 'EntityList') !== undefined) list.entities = read('EntityList');
  const removed = read('RemoveList').map(keyOf);
  const added = read('AddList');
  const gone = new Set([...removed, ...added.map(keyOf)]);
  list.entities = [...list.entities.filter((entity) => !gone.has(keyOf(entity))), ...added];
  const inUse = childText(wanted, 'InUse') ?? childText(request, `${name}InUse`);
  if (inUse !== undefined) list.inUse = inUse === 'T';
}

function canonical(entity: Element, domain: string): Element {
  if (entity.name !== 'UserID') return entity;
  return element('UserID', canonicalUserId(entity.text, domain) ?? entity.text.trim());
}

function keyOf(entity: Element): string {
  const parts = entity.children.length === 0 ? [entity.text] : children(entity, 'SName').map(({ text }) => text);
  return [entity.name, ...parts, childText(entity, 'GroupID') ?? ''].join(' ');
}
