/** The policies, users and messages of the canaries: what is sent, well-formed and not. */
import { type Element, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { message, type Spelling } from '../gateway/messages.ts';
import { CANARIES } from './canaries.ts';

const OPTIONS = `options:
  - { id: accept, text: { en: Accept }, grant: full }
  - { id: decline, text: { en: Decline }, deny: { en: "You declined, {user}." } }
`;
const PAGE = 'withoutSystemMessages: { deny: { en: "Open {consentUrl}" } }\n';

/** By the beginning of the user's id. */
export const KINDS: Readonly<Record<string, string>> = {
  plain: `${OPTIONS}timeout: 2m\nwithoutSystemMessages: { grant: full }\n`,
  typed: `${OPTIONS}verification: { inText: { en: Type GREEN. }, key: green }\n${PAGE}`,
  word: `${OPTIONS}verification: { url: true, key: random }\n${PAGE}`,
  talk: `${OPTIONS}verification: { inText: { en: Type GREEN. }, key: green }\nwithoutSystemMessages: { converse: true }\n`,
  late: `${OPTIONS}timeout: 1s\n${PAGE}`,
};

export const policyOf = (id: string, keys: string): string => `kind: off-line-service
id: ${id}
version: 1
purpose: terms
applies: { users: ["wv:${id}.*"${id === 'plain' ? ', "+46*"' : ''}] }
message: { en: "Dear {user}, about ${id}: do you accept?" }
ask: every-login
record: keyed
resend: 20
${keys}`;

const PHONE = 'http://phone.example/one';
export const MSISDN = `+${CANARIES.msisdn}`;
export const userOf = (kind: string, number = 0): string => `wv:${kind}.${CANARIES.user}.${number}@im.example`;

export const PASSWORD = element('Password', CANARIES.password);
export const DIGEST = element('DigestBytes', CANARIES.digest);
export const OFFER = element('DigestSchema', 'MD5');
export const BY_URL = element('URL', PHONE);
export const BY_NUMBER = element('MSISDN', CANARIES.msisdn);

export interface Answer {
  readonly token: string;
  readonly option?: string;
  readonly key?: string;
}

export const answerList = (answered: readonly Answer[]): Element =>
  element(
    'SystemMessageResponseList',
    answered.map(({ token, option, key }) =>
      element('SystemMessageResponse', [
        element('SystemMessageID', token),
        option === undefined ? undefined : element('ChosenOptionID', option),
        key === undefined ? undefined : element('VerificationKey', key),
      ]),
    ),
  );

export function loginOf(user: string, credential: Element, client: Element, ...answered: readonly Answer[]): Element {
  return element('Login-Request', [
    element('UserID', user),
    element('ClientID', [client]),
    credential,
    element('TimeToLive', 600),
    element('SessionCookie', CANARIES.cookie),
    answered.length === 0 ? undefined : answerList(answered),
  ]);
}

const typeOf = ({ version, encoding }: Spelling): string => contentTypeOf(version, encoding);
const bytesOf = (spelling: Spelling, primitive: Element): Buffer => message(spelling, undefined, [['t', primitive]]);

/** Messages that cannot be read, with everything secret in them; each with its content type. */
export function* malformed(): Generator<readonly [body: Uint8Array, contentType: string]> {
  for (const version of ['1.1', '1.3'] as const) {
    for (const encoding of ['xml', 'wbxml'] as const) {
      const phone = { version, encoding } as const;
      const whole = bytesOf(phone, loginOf(userOf('plain', 3), PASSWORD, BY_NUMBER));
      const broken = Array.from({ length: Math.floor(whole.length / 9) }, (_, index) => {
        const damaged = Buffer.from(whole);
        damaged[index * 9] = index % 2 === 0 ? 0xff : 0x00;
        return [whole.subarray(0, index * 9), damaged];
      });
      for (const body of broken.flat()) yield [body, typeOf(phone)];
      yield [Buffer.concat([whole, whole]), typeOf(phone)];
      yield [Buffer.concat([whole, Buffer.alloc(9000, CANARIES.password)]), typeOf(phone)];
      yield [whole, `text/xml; charset=${CANARIES.place}`];
      yield [whole, `${typeOf(phone)}; charset=${CANARIES.place}`];
    }
  }
  const phone = { version: '1.2', encoding: 'xml' } as const;
  const xml = bytesOf(phone, loginOf(userOf('plain', 3), PASSWORD, BY_NUMBER)).toString();
  const { place, password } = CANARIES;
  const changes: readonly (readonly [string | RegExp, string])[] = [
    [/xmlns="[^"]*"/, `xmlns="http://${place}/"`],
    ['<Login-Request', `<!--${password}--><Login-Request`],
    ['<Login-Request', `<?${place} ${password}?><Login-Request`],
    ['<Login-Request', `<!DOCTYPE ${place}><Login-Request`],
    ['<Login-Request>', `<Login-Request ${place}="${password}">`],
    ['<Login-Request>', `<${place}>${password}</${place}><Login-Request>`],
    ['<Password>', `<Password>&${place};`],
    ['<Password>', `<Password>${password}</Passwort><Password>`],
    ['<UserID>', `<UserID>${place}</UserID><UserID>`],
    ['Outband', place],
    ['<TransactionID>', `<TransactionID>${place}`],
    ['<TransactionMode>Request', `<TransactionMode>${place}`],
    [/^/, `<!DOCTYPE x [<!ENTITY ${place} "${password}">]>`],
    [/^/, `\u00ef\u00bb\u00bf${place}`],
  ];
  for (const [what, by] of changes) yield [Buffer.from(xml.replace(what, by), 'latin1'), typeOf(phone)];
  const tree = message(phone, CANARIES.session, [['t', element(place, password)]]);
  yield [tree, typeOf(phone)];
}

/** Requests that are no good HTTP. */
export const HEADS: readonly string[] = (() => {
  const { address, header, httpCookie } = CANARIES;
  return [
    `POST /v HTTP/1.1\r\nHost: x\r\nHost: ${address}\r\n\r\n`,
    `POST http://${address}/v HTTP/1.1\r\nHost: x\r\n\r\n`,
    `POST /v HTTP/1.1\r\nHost: x\r\nX-A: ${header}\rX-Injected: ${header}\r\n\r\n`,
    `POST /v HTTP/1.1\r\nHost: x\r\n${CANARIES.place}_: ${header}\r\n\r\n`,
    `POST /v HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ${header}\r\n\r\n`,
    `${header} /v HTTP/1.1\r\nHost: x\r\n\r\n`,
    `PUT /${address} HTTP/1.1\r\nHost: x\r\nCookie: ${httpCookie}\r\n\r\n`,
    `CONNECT ${address}:443 HTTP/1.1\r\nHost: x\r\n\r\n`,
    `POST /v HTTP/1.1\r\nHost: x\r\nX: ${header.repeat(2000)}\r\n\r\n`,
    `POST /v ${address}\r\n\r\n`,
  ];
})();
