/**
 * The world of the negotiation's model: policy sets that differ in versions and levels, phones each with a VASP of its own
 * (so that what is counted for a VASP is counted for one phone), and the messages that they send.
 */
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, children, childText, type Element, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import type { OffLinePolicy, PolicySet } from '../../gateway/policy/model.ts';
import type { ClientReply } from '../../gateway/ports.ts';
import { message } from '../gateway/messages.ts';
import { policySetOf } from '../transcripts/rig.ts';

const LEVELS = `kind: service-levels
default: full
levels:
  full: { grant: [WVCSPFeat] }
  some: { grant: [FundamentalFeat, PresenceFeat] }
`;

const OPTIONS = `options:
  - { id: all, text: { en: All }, grant: full }
  - { id: part, text: { en: Part }, grant: some }
  - { id: none, text: { en: None }, deny: { en: No. } }
`;

/** What policies differ in; a run's set is some of them. */
const KINDS: readonly (readonly [id: string, keys: string])[] = [
  ['plain', `${OPTIONS}timeout: 2m\nresend: 1\n`],
  ['notice', 'requiresResponse: false\ntimeout: 1m\nask: every-login\n'],
  [
    'proof',
    `${OPTIONS}timeout: 30s\nresend: 0\nask: every-login\nonTimeout: { grant: some }\nverification: { inText: { en: Type RED }, key: red }\n`,
  ],
  ['once', `${OPTIONS}timeout: 5m\nask: once\nrecord: none\nwithoutSystemMessages: { grant: some }\n`],
  [
    'monthly',
    `${OPTIONS}timeout: 1m\nask: { every: 10m }\nwithoutSystemMessages: { deny: { en: "monthly VERSION {consentUrl}" } }\n`,
  ],
  ['watched', `${OPTIONS}mode: observe\n`],
];

export const KIND_COUNT = KINDS.length;

/** The set with these kinds of policies, each in this version. */
export function setOfKinds(kinds: readonly number[], version: number): PolicySet {
  const files = [...new Set(kinds)].map((kind) => {
    const [id, keys] = KINDS[kind % KINDS.length] ?? ['', ''];
    const text = `kind: off-line-service\nid: ${id}\nversion: ${version}\npurpose: terms\nmessage: { en: ${id} ${version} }\n${keys.replace('VERSION', String(version))}`;
    return { path: `${id}.yaml`, text };
  });
  return policySetOf([{ path: 'levels.yaml', text: LEVELS }, ...files]);
}

/** A question as it went out to a phone. */
export interface Asked {
  readonly token: string;
  readonly policy: OffLinePolicy;
  readonly set: PolicySet;
  /** Of the login that was asked. */
  readonly cookie: string;
  readonly at: number;
}

export interface Answer {
  readonly token: string;
  readonly option: string | undefined;
  readonly key: string | undefined;
}

export interface Phone {
  readonly name: string;
  readonly vasp: string;
  readonly userId: string;
  readonly clientUrl: string;
}

export const PHONES: readonly Phone[] = ['romeo', 'juliet'].map((name) => ({
  name,
  vasp: `vasp-of-${name}`,
  userId: `wv:${name}@im.example`,
  clientUrl: `http://client.example/${name}`,
}));

export const hostOf = ({ vasp }: Phone): string => `${vasp}.example`;

const responseList = (answers: readonly Answer[]): Element =>
  element(
    'SystemMessageResponseList',
    answers.map(({ token, option, key }) =>
      element('SystemMessageResponse', [
        element('SystemMessageID', token),
        option === undefined ? undefined : element('ChosenOptionID', option),
        key === undefined ? undefined : element('VerificationKey', key),
      ]),
    ),
  );

export interface LoginMessage {
  readonly phone: Phone;
  readonly cookie: string;
  readonly version: '1.1' | '1.3';
  /** Undefined: the first phase of a four-way login. */
  readonly password: string | undefined;
  readonly answers: readonly Answer[];
}

export function loginMessage({ phone, cookie, version, password, answers }: LoginMessage): Buffer {
  const login = element('Login-Request', [
    element('UserID', phone.userId),
    element('ClientID', [element('URL', phone.clientUrl)]),
    password === undefined ? undefined : element('Password', password),
    password === undefined ? element('SupportedDigestSchema', [element('DigestSchema', 'MD5')]) : undefined,
    element('TimeToLive', 600),
    element('SessionCookie', cookie),
    answers.length === 0 ? undefined : responseList(answers),
  ]);
  return message({ version, encoding: 'xml' }, undefined, [['t', login]]);
}

export function outbandMessage(answers: readonly Answer[]): Buffer {
  const primitive = element('SystemMessage-User', [responseList(answers)]);
  return message({ version: '1.3', encoding: 'xml' }, undefined, [['t', primitive]]);
}

export function vaspResponse({ clientUrl }: Phone, version: '1.1' | '1.3', code: number, sessionId?: string): Buffer {
  const response = element('Login-Response', [
    element('ClientID', [element('URL', clientUrl)]),
    element('Result', [element('Code', code)]),
    code === 401 ? element('Nonce', 'nonce') : undefined,
    code === 401 ? element('DigestSchema', 'MD5') : undefined,
    sessionId === undefined ? undefined : element('SessionID', sessionId),
    sessionId === undefined ? undefined : element('KeepAliveTime', 600),
  ]);
  return message({ version, encoding: 'xml' }, undefined, [['t', response]], 'Response');
}

export const typeOf = (version: '1.1' | '1.3'): string => contentTypeOf(version, 'xml');

/** What a reply of the gateway says: the code, and the messages that it asks, here or on its page, each as id and text. */
export function readReply(reply: ClientReply): {
  readonly code: string;
  readonly asked: readonly { readonly token: string; readonly text: string }[];
} {
  const primitive = decodeMessage(Buffer.from(reply.body), 'xml').transactions[0]?.primitive;
  const result = child(primitive, 'Result');
  const onPage = /^(\S+ \S+) .*\/consent\/(\S{48})$/.exec(childText(result, 'Description') ?? '');
  if (onPage !== null) return { code: '', asked: [{ token: onPage[2] ?? '', text: onPage[1] ?? '' }] };
  return {
    code: childText(result, 'Code') ?? '',
    asked: children(child(result, 'SystemMessageList'), 'SystemMessage').map((asked) => ({
      token: childText(asked, 'SystemMessageID') ?? '',
      text: childText(asked, 'SystemMessageText') ?? '',
    })),
  };
}
