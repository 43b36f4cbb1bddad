/** How a client wants messages handed over, in the words of the requests that say so [P4.3, P4.4]. */
import { child, childInteger, childText, type Element } from '../csp/element.ts';
import type { DeliveryMethod } from '../mailbox-ports.ts';

/**
 * What a SetDeliveryMethod-Request, a ClientCapability-Request or a Login-Request asks for; undefined: nothing, or nothing
 * for this user's messages but for a group's.
 *
 * Only what SetDeliveryMethod itself says of a size makes larger messages announced: clients that do not know
 * MessageNotification tell an AcceptedContentLength in their capabilities all the same [P12]. One of 0 says nothing.
 */
export function wishedDelivery(request: Element): DeliveryMethod | undefined {
  if (request.name !== 'SetDeliveryMethod-Request') {
    return methodIn(child(request, 'CapabilityList'), 'InitialDeliveryMethod', undefined);
  }
  if ((childText(request, 'GroupID') ?? '') !== '') return undefined;
  return methodIn(request, 'DeliveryMethod', childInteger(request, 'AcceptedContentLength') || undefined);
}

function methodIn(
  holder: Element | undefined,
  name: string,
  pushedBytes: number | undefined,
): DeliveryMethod | undefined {
  const method = childText(holder, name)?.toUpperCase();
  return method === 'P' || method === 'N' ? { method, pushedBytes } : undefined;
}

export function isSameDelivery(one: DeliveryMethod, other: DeliveryMethod): boolean {
  return one.method === other.method && one.pushedBytes === other.pushedBytes;
}
