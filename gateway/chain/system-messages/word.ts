/**
 * What a client says to the gateway itself in a session: its answers to messages, and texts to the service contact [X40, X41,
 * X46]. Found in two steps, because almost no message holds such a word: the first looks at names and bytes, the second at
 * the tree of what is left.
 */
import { goesTo } from '../../conversation/text-messages.ts';
import { childText, type Element } from '../../csp/element.ts';
import type { Envelope } from '../../csp/envelope.ts';
import type { Transaction } from '../../csp/message.ts';
import { type SystemMessageAnswer, systemMessageAnswers } from '../../csp/system-message.ts';
import type { Encoding } from '../../csp/versions.ts';
import { readUserId } from '../../policy/user-id.ts';
import { isOurMessageId, MESSAGE_ID_PREFIX, ownsTransaction } from '../../system-message/ids.ts';

export type Word =
  /** Under a TransactionID of ours. */
  | { readonly kind: 'response'; readonly answer: Element }
  | { readonly kind: 'choice'; readonly answers: readonly SystemMessageAnswer[] }
  | { readonly kind: 'delivery'; readonly messageId: string }
  | { readonly kind: 'text'; readonly message: Element }
  /** A text to the service contact and to somebody else besides. */
  | { readonly kind: 'text-to-many' };

/** The first step. */
export type MayHoldWord = (envelope: Envelope, body: Uint8Array) => boolean;

/** The name before the domain of a service contact of which nothing is configured. */
const USUAL_NAME = 'service';

/** What a name may be hidden behind: percent escapes, and in XML references, comments and CDATA; first its rarer byte. */
const HIDING: Readonly<Record<Encoding, readonly (readonly [byte: number, sign: string])[]>> = {
  xml: [
    [0x25, '%'],
    [0x26, '&#'],
    [0x21, '<!'],
  ],
  wbxml: [[0x25, '%']],
};

/** @param serviceContact as configured */
export function wordFilter(serviceContact: string | undefined): MayHoldWord {
  const name = serviceContact === undefined ? USUAL_NAME : readUserId(serviceContact).name;
  // A byte for a character is enough to look for one of ASCII; others may be written in too many ways.
  const isAscii = /^[\x20-\x7e]+$/.test(name);

  function mayGoToContact(body: Uint8Array, encoding: Encoding): boolean {
    if (!isAscii) return true;
    for (const [byte, sign] of HIDING[encoding]) {
      if (body.includes(byte) && asBuffer(body).includes(sign)) return true;
    }
    return asBuffer(body).toString('latin1').toLowerCase().includes(name);
  }

  return (envelope, body) => {
    for (const { primitive, mode, id } of envelope.transactions) {
      if (mode === 'Response' && ownsTransaction(id)) return true;
      switch (primitive) {
        case 'SystemMessage-User':
          return true;
        case 'MessageDelivered':
          if (asBuffer(body).includes(MESSAGE_ID_PREFIX)) return true;
          break;
        case 'SendMessage-Request':
          if (mayGoToContact(body, envelope.encoding)) return true;
      }
    }
    return false;
  };
}

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** The second step: what a transaction says to the gateway; undefined when it is for the VASP. */
export function wordIn({ primitive, mode, id }: Transaction, serviceContact: string): Word | undefined {
  if (mode === 'Response' && ownsTransaction(id)) return { kind: 'response', answer: primitive };
  switch (primitive.name) {
    case 'SystemMessage-User':
      return { kind: 'choice', answers: systemMessageAnswers(primitive) ?? [] };
    case 'MessageDelivered': {
      const messageId = childText(primitive, 'MessageID') ?? '';
      return isOurMessageId(messageId) ? { kind: 'delivery', messageId } : undefined;
    }
    case 'SendMessage-Request': {
      const to = goesTo(serviceContact, primitive);
      if (to === 'others') return undefined;
      return to === 'contact' ? { kind: 'text', message: primitive } : { kind: 'text-to-many' };
    }
    default:
      return undefined;
  }
}
