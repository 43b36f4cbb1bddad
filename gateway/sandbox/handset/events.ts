/** What the server starts by itself, read into plain data, and the acknowledgement that each kind is owed [P2.3, P8.1]. */
import { child, children, childText, descendant, type Element, element } from '../../csp/element.ts';
import type { Transaction } from '../../csp/message.ts';
import { endsSession, resultCode, STATUS, status } from '../../csp/status.ts';
import { type AskedMessage, askedMessages } from './asking.ts';

export interface PresenceInfo {
  readonly userId: string;
  /** Values by attribute name; attributes that are no simple value are left out. */
  readonly attributes: Readonly<Record<string, string>>;
}

export type HandsetEvent =
  | {
      readonly kind: 'message';
      readonly messageId: string;
      readonly from: string;
      readonly contentType: string;
      readonly text: string;
      readonly sentAt: string | undefined;
    }
  | { readonly kind: 'message-waiting'; readonly messageId: string; readonly from: string }
  | {
      readonly kind: 'delivery-report';
      readonly messageId: string;
      readonly to: string;
      readonly code: number;
      readonly description: string;
    }
  | { readonly kind: 'presence'; readonly presences: readonly PresenceInfo[] }
  | { readonly kind: 'system-message'; readonly messages: readonly AskedMessage[] }
  | { readonly kind: 'disconnected'; readonly code: number; readonly description: string }
  | { readonly kind: 'other'; readonly primitive: Element };

export interface Outcome {
  readonly code: number;
  readonly description: string;
  /** Code 200. */
  readonly ok: boolean;
  /** The whole answer. */
  readonly primitive: Element;
}

/** What an answer says: its Result; 200 when it has none, as clients do [P12]. */
export function outcomeOf(primitive: Element): Outcome {
  const result = child(primitive, 'Result');
  const code = result === undefined ? STATUS.OK : (resultCode(primitive) ?? Number.NaN);
  return { code, description: childText(result, 'Description') ?? '', ok: code === STATUS.OK, primitive };
}

export function presencesOf(primitive: Element): PresenceInfo[] {
  return children(primitive, 'Presence').map((presence) => {
    const attributes = child(presence, 'PresenceSubList')?.children ?? [];
    const values = attributes.flatMap((attribute): [string, string][] => {
      const value = childText(attribute, 'PresenceValue');
      return value === undefined ? [] : [[attribute.name, value]];
    });
    return { userId: childText(presence, 'UserID') ?? '', attributes: Object.fromEntries(values) };
  });
}

function contentText(primitive: Element, info: Element | undefined): string {
  const text = child(primitive, 'ContentData')?.text ?? '';
  return childText(info, 'ContentEncoding') === 'BASE64' ? Buffer.from(text, 'base64').toString() : text;
}

export function messageOf(primitive: Element): Extract<HandsetEvent, { kind: 'message' }> {
  const info = child(primitive, 'MessageInfo');
  return {
    kind: 'message',
    messageId: childText(info, 'MessageID') ?? '',
    from: childText(descendant(info, 'Sender', 'User'), 'UserID') ?? '',
    contentType: childText(info, 'ContentType') ?? 'text/plain',
    text: contentText(primitive, info),
    sentAt: childText(info, 'DateTime'),
  };
}

export function eventOf(primitive: Element): HandsetEvent {
  const info = child(primitive, 'MessageInfo');
  switch (primitive.name) {
    case 'NewMessage':
      return messageOf(primitive);
    case 'MessageNotification': {
      const { messageId, from } = messageOf(primitive);
      return { kind: 'message-waiting', messageId, from };
    }
    case 'DeliveryReport-Request': {
      const { code, description } = outcomeOf(primitive);
      const to = childText(descendant(info, 'Recipient', 'User'), 'UserID') ?? '';
      return { kind: 'delivery-report', messageId: childText(info, 'MessageID') ?? '', to, code, description };
    }
    case 'PresenceNotification-Request':
      return { kind: 'presence', presences: presencesOf(primitive) };
    case 'SystemMessage-Request':
      return { kind: 'system-message', messages: askedMessages(primitive) };
    case 'Disconnect': {
      const { code, description } = outcomeOf(primitive);
      return { kind: 'disconnected', code, description };
    }
    case 'Status': {
      // COMPAT Baraza: its refusal of a poll is a request of the server with an empty id [P17].
      const { code, description } = outcomeOf(primitive);
      return endsSession(code) ? { kind: 'disconnected', code, description } : { kind: 'other', primitive };
    }
    default:
      return { kind: 'other', primitive };
  }
}

/** What the client answers to a request of the server; nothing to a Disconnect or a Status [P10]. */
export function acknowledgement({ id, primitive }: Transaction): Transaction | undefined {
  switch (primitive.name) {
    case 'Disconnect':
    case 'Status':
      return undefined;
    case 'NewMessage': {
      const messageId = childText(child(primitive, 'MessageInfo'), 'MessageID') ?? '';
      const delivered = element('MessageDelivered', [element('MessageID', messageId)]);
      return { mode: 'Response', id, primitive: delivered };
    }
    default:
      return { mode: 'Response', id, primitive: status(STATUS.OK) };
  }
}
