/**
 * What a 1.3 client wishes for the time when its user is away, as far as the protocol reference knows it [P4.3, P16]: by
 * which bearers it can be told, what becomes of an ExtBlockETEM, and whether it wants to be told at all. What a value means
 * that the reference only names is not guessed: it changes nothing.
 *
 * The client's own words count, within its level. What the VASP agrees to concerns what the VASP does; these messages the
 * gateway keeps.
 */
import { child, childText, childTexts, type Element } from '../csp/element.ts';
import { codesOfTree, type ServiceSet, TREE_ROOT } from '../csp/service-tree.ts';
import type { OffLineWishes } from '../mailbox-ports.ts';

/** Of a user whose client has said nothing. */
export const NO_WISHES: OffLineWishes = { bearers: undefined, etemHandling: undefined, notifications: undefined };

/** The handling that keeps nothing of the kind, as the names have it. */
const KEEPS_NO_ETEM: readonly (string | undefined)[] = ['REJECT', 'SENDREJECT'];

/**
 * What one request of a 1.3 client says: a ClientCapability-Request or a Service-Request, or a Login-Request that carries
 * both. A CapabilityList without a wish takes an earlier one back, which is said by none (`[]`, empty text); undefined: that
 * part was not spoken of.
 */
export function wishesIn(request: Element, granted: ServiceSet): OffLineWishes | undefined {
  const capabilities = child(request, 'CapabilityList');
  const tree = child(child(request, 'Functions'), TREE_ROOT);
  if (capabilities === undefined && tree === undefined) return undefined;
  return {
    bearers:
      capabilities === undefined
        ? undefined
        : childTexts(capabilities, 'SupportedOfflineBearer').filter((bearer) => bearer !== ''),
    etemHandling: capabilities === undefined ? undefined : (childText(capabilities, 'OfflineETEMHandling') ?? ''),
    notifications: tree === undefined ? undefined : granted.has('OFFNOTIF') && codesOfTree(tree, '1.3').has('OFFNOTIF'),
  };
}

/**
 * What is to be kept when a client has said something more: what it did not speak of stays.
 * @returns undefined: there is nothing new
 */
export function withWishes(before: OffLineWishes | undefined, said: OffLineWishes): OffLineWishes | undefined {
  const old = before ?? NO_WISHES;
  const now = {
    bearers: said.bearers ?? old.bearers,
    etemHandling: said.etemHandling ?? old.etemHandling,
    notifications: said.notifications ?? old.notifications,
  };
  return meaning(now) === meaning(old) ? undefined : now;
}

/** Two wishes that lead to the same have the same. */
function meaning({ bearers = [], etemHandling = '', notifications = true }: OffLineWishes): string {
  return JSON.stringify([[...bearers].sort(), etemHandling, notifications]);
}

/** Whether the user may be told by a bearer; `bySms`: one that sends text messages. */
export function mayNotify({ bearers, notifications }: OffLineWishes, bySms: boolean): boolean {
  if (notifications === false) return false;
  return (
    !bySms || bearers === undefined || bearers.length === 0 || bearers.some((bearer) => bearer.toUpperCase() === 'SMS')
  );
}

/** Whether a message of that MessageInfo may be kept for the user. */
export function mayKeep({ etemHandling }: OffLineWishes, info: Element): boolean {
  return !KEEPS_NO_ETEM.includes(etemHandling?.toUpperCase()) || child(info, 'ExtBlockETEM') === undefined;
}
