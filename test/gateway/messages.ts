/** Messages of a phone and of a VASP, as bytes, for tests of the whole gateway. */
import { encodeMessage } from '../../gateway/csp/codec.ts';
import { type Element, element } from '../../gateway/csp/element.ts';
import type { Transaction } from '../../gateway/csp/message.ts';
import type { CspVersion, Encoding } from '../../gateway/csp/versions.ts';

/** Credentials that must turn up nowhere but at the VASP. */
export const CANARIES = {
  password: 'canary-password-7f3a',
  digest: 'Y2FuYXJ5LWRpZ2VzdC05YjE=',
  nonce: 'canary-nonce-51d8',
  cookie: 'canary-cookie-c04e',
  content: 'canary-content-88aa',
} as const;

export const USER_ID = 'wv:juliet@im.example';

export const clientId = (url = 'http://client.example/one'): Element => element('ClientID', [element('URL', url)]);

export interface Spelling {
  readonly version: CspVersion;
  readonly encoding: Encoding;
}

export const SPELLINGS: readonly Spelling[] = (['1.1', '1.2', '1.3'] as const).flatMap((version) =>
  (['xml', 'wbxml'] as const).map((encoding) => ({ version, encoding })),
);

export function loginRequest(...more: readonly Element[]): Element {
  return element('Login-Request', [
    element('UserID', USER_ID),
    clientId(),
    element('Password', CANARIES.password),
    element('TimeToLive', 600),
    element('SessionCookie', CANARIES.cookie),
    ...more,
  ]);
}

export function digestLogin(): Element {
  return element('Login-Request', [
    element('UserID', USER_ID),
    clientId(),
    element('DigestBytes', CANARIES.digest),
    element('TimeToLive', 600),
    element('SessionCookie', CANARIES.cookie),
  ]);
}

export function loginResponse(code: number, sessionId?: string, ...more: readonly Element[]): Element {
  return element('Login-Response', [
    clientId(),
    element('Result', [element('Code', code)]),
    ...more,
    ...(sessionId === undefined ? [] : [element('SessionID', sessionId), element('KeepAliveTime', 600)]),
  ]);
}

export function sendMessage(text: string = CANARIES.content): Element {
  const user = (id: string): Element => element('User', [element('UserID', id)]);
  return element('SendMessage-Request', [
    element('DeliveryReport', 'F'),
    element('MessageInfo', [
      element('ContentType', 'text/plain'),
      element('ContentEncoding', 'None'),
      element('ContentSize', text.length),
      element('Recipient', [user('wv:romeo@im.example')]),
      element('Sender', [user(USER_ID)]),
    ]),
    element('ContentData', text),
  ]);
}

export const statusOk: Element = element('Status', [element('Result', [element('Code', 200)])]);

/** A message with transactions `[id, primitive]` in one mode; Outband without a session. */
export function message(
  { version, encoding }: Spelling,
  sessionId: string | undefined,
  transactions: readonly (readonly [id: string, primitive: Element])[],
  mode: Transaction['mode'] = 'Request',
): Buffer {
  return encodeMessage(
    {
      version,
      sessionType: sessionId === undefined ? 'Outband' : 'Inband',
      ...(sessionId === undefined ? {} : { sessionId }),
      transactions: transactions.map(([id, primitive]) => ({ mode, id, primitive })),
    },
    encoding,
  );
}
