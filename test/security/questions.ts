/**
 * The world of the forged answers: policies that ask in every way, users who are asked by them, and every door through which
 * an answer can come. Messages are made once, with places for what differs, so that a hundred thousand take seconds.
 */
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, descendant, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import type { PolicyFile } from '../../gateway/policy/model.ts';
import { textTo } from '../gateway/conversation-phone.ts';
import { loginResponse, message, type Spelling } from '../gateway/messages.ts';
import { type Rig, vaspAnswer } from '../transcripts/rig.ts';

export const VASPS = ['verona', 'mantua'] as const;

/** What policies differ in; each is for the users of its own name alone. */
export const KINDS = ['plain', 'proof', 'word', 'page', 'typed', 'talk'] as const;
export type Kind = (typeof KINDS)[number];

export const TIMEOUT_MILLIS = 30 * 60_000;
/** What proves reading where a policy asks for a word of its own. */
export const KEY = 'green';

const OPTIONS = `options:
  - { id: all, text: { en: All }, grant: full }
  - { id: some, text: { en: Some }, grant: some }
  - { id: none, text: { en: None }, deny: { en: No. } }
`;
const IN_TEXT = `verification: { inText: { en: Type it. }, key: ${KEY} }\n`;
const ON_PAGE = 'withoutSystemMessages: { deny: { en: "Open {consentUrl}" } }\n';

const KEYS: Readonly<Record<Kind, string>> = {
  plain: OPTIONS,
  proof: OPTIONS + IN_TEXT,
  word: `${OPTIONS}verification: { url: true, key: random }\n`,
  page: OPTIONS + ON_PAGE,
  typed: OPTIONS + IN_TEXT + ON_PAGE,
  talk: `${OPTIONS}withoutSystemMessages: { converse: true }\n`,
};

const LEVELS = `kind: service-levels
default: full
levels:
  full: { grant: [WVCSPFeat] }
  some: { grant: [FundamentalFeat, PresenceFeat] }
`;

/** The policies in one version, with words of their own: sets of the same version may differ in those alone. */
export function policiesOf(version: number, words = 'Really'): readonly PolicyFile[] {
  const policies = KINDS.map((kind) => ({
    path: `${kind}.yaml`,
    text: `kind: off-line-service
id: ${kind}
version: ${version}
purpose: terms
applies: { users: ["wv:${kind}-*"] }
message: { en: "${words}?" }
requiresResponse: true
timeout: 30m
resend: 20
onTimeout: { deny: { en: Too late. } }
ask: every-login
record: keyed
${KEYS[kind]}`,
  }));
  return [{ path: 'levels.yaml', text: LEVELS }, ...policies];
}

export interface Victim {
  readonly kind: Kind;
  readonly vasp: (typeof VASPS)[number];
  readonly user: string;
  readonly client: string;
  readonly cookie: string;
  readonly spelling: Spelling;
}

export interface Answer {
  readonly token: string;
  readonly option?: string | undefined;
  readonly key?: string | undefined;
}

const PLACES = ['user', 'client', 'cookie', 'token', 'option', 'key', 'session', 'text'] as const;
type Place = (typeof PLACES)[number];
type Values = { readonly [P in Place]?: string | undefined };

const marked = (place: Place): string => `==${place}==`;

/** A message as bytes, with places that are filled in anew each time. */
class Template {
  readonly #pieces: readonly (Buffer | Place)[];
  readonly #escapes: boolean;

  constructor(bytes: Buffer, { encoding }: Spelling) {
    this.#escapes = encoding === 'xml';
    const parts = bytes.toString('latin1').split(/==([a-z]+)==/);
    this.#pieces = parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part, 'latin1') : (part as Place)));
  }

  filled(values: Values): Buffer {
    return Buffer.concat(
      this.#pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(this.#text(values[piece] ?? '')) : piece)),
    );
  }

  #text(value: string): string {
    if (!this.#escapes) return value;
    return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  }
}

const templates = new Map<string, Template>();

function template(name: string, spelling: Spelling, make: () => Buffer): Template {
  const key = `${name} ${spelling.version} ${spelling.encoding}`;
  const known = templates.get(key) ?? new Template(make(), spelling);
  templates.set(key, known);
  return known;
}

function answerList({ option, key }: Answer) {
  return element('SystemMessageResponseList', [
    element('SystemMessageResponse', [
      element('SystemMessageID', marked('token')),
      option === undefined ? undefined : element('ChosenOptionID', marked('option')),
      key === undefined ? undefined : element('VerificationKey', marked('key')),
    ]),
  ]);
}

const shapeOf = ({ option, key }: Answer): string => `${option !== undefined} ${key !== undefined}`;

export function login(victim: Victim, answer?: Answer): Buffer {
  const { spelling, user, client, cookie } = victim;
  const made = template(`login ${answer && shapeOf(answer)}`, spelling, () => {
    const request = element('Login-Request', [
      element('UserID', marked('user')),
      element('ClientID', [element('URL', marked('client'))]),
      element('Password', 'secret'),
      element('TimeToLive', 600),
      element('SessionCookie', marked('cookie')),
      answer === undefined ? undefined : answerList(answer),
    ]);
    return message(spelling, undefined, [['1', request]]);
  });
  return made.filled({ user, client, cookie, ...answer });
}

export function outband({ spelling }: Victim, answer: Answer): Buffer {
  const made = template(`outband ${shapeOf(answer)}`, spelling, () =>
    message(spelling, undefined, [['1', element('SystemMessage-User', [answerList(answer)])]]),
  );
  return made.filled({ ...answer });
}

const SERVICE = 'wv:service@im.example';

export function textMessage({ spelling }: Victim, session: string, text: string): Buffer {
  const made = template('text', spelling, () =>
    message(spelling, marked('session'), [['1', textTo(SERVICE, marked('text'))]]),
  );
  return made.filled({ session, text });
}

/** The form of a consent page with one question, as a browser sends it. */
export function form({ token, option, key }: Answer): Buffer {
  const fields = { t1: token, l1: 'en', q1: option, w1: key };
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return Buffer.from(pairs.join('&'));
}

/** What a login led to: a question's token, a waiting session, or nothing but a code. */
export interface Reply {
  readonly code: string;
  readonly token: string | undefined;
  readonly session: string | undefined;
}

export async function send(rig: Rig, { vasp, spelling }: Victim, body: Buffer): Promise<Uint8Array> {
  const type = contentTypeOf(spelling.version, spelling.encoding);
  return (await rig.send(body, type, { target: `/${vasp}` })).body;
}

export async function logIn(rig: Rig, victim: Victim, answer?: Answer): Promise<Reply> {
  const body = await send(rig, victim, login(victim, answer));
  const primitive = decodeMessage(Buffer.from(body), victim.spelling.encoding).transactions[0]?.primitive;
  const result = child(primitive, 'Result');
  const asked = childText(descendant(result, 'SystemMessageList', 'SystemMessage'), 'SystemMessageID');
  const onPage = /\/consent\/(\S{48})$/.exec(childText(result, 'Description') ?? '')?.[1];
  return {
    code: childText(result, 'Code') ?? '',
    token: asked ?? onPage,
    session: childText(primitive, 'SessionID'),
  };
}

/** A form sent to a page's address; the page that came back, if there is one there. */
export async function submit(rig: Rig, address: string, answer: Answer): Promise<string | undefined> {
  const request = {
    contentType: 'application/x-www-form-urlencoded',
    acceptLanguage: 'en',
    body: new Uint8Array(form(answer)),
  };
  return (await rig.browse('POST', `/consent/${address}`, request))?.body.toString();
}

/** The VASPs let everybody in. */
export function letEverybodyIn(rig: Rig, spelling: (body: Buffer) => Spelling): void {
  let sessions = 0;
  rig.upstream.otherwise = ({ body, contentType }) => {
    sessions += 1;
    return vaspAnswer(
      message(spelling(body), undefined, [['1', loginResponse(200, `S-${sessions}`)]], 'Response'),
      contentType,
    );
  };
}
