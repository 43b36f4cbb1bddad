/**
 * A policy's texts as a user meets them, in one language: the screen of a phone that asks, how much of its message every
 * phone shows, and what is said instead of a question or after it. Counts hold for the sample that is drawn and for the
 * longest values that placeholders can take, which is what the check counts.
 */
import { longestValues, SURELY_SHOWN } from './check-texts.ts';
import { describeKeep, describeNotify, describeStoreOn } from './describe-off-line-user.ts';
import { describeEffects, describeSilence, describeTrigger } from './describe-on-line.ts';
import type {
  OffLinePolicy,
  OffLineUserPolicy,
  OnLinePolicy,
  PolicyOption,
  Ruling,
  Texts,
  WithoutSystemMessages,
} from './model.ts';
import { CUT_MARK, framed, SCREEN_COLUMNS, wrap } from './screen.ts';
import { type SmsLength, smsLength } from './sms-length.ts';
import {
  characters,
  chooseLanguage,
  notificationValues,
  onLineTextValues,
  type TextValues,
  textFor,
  textValues,
} from './text.ts';

const SAMPLE_USER = 'wv:alice@im.example';
const SAMPLE_OTHER_USER = 'wv:bob@im.example';
const SAMPLE_VASP = 'sandbox';
const SAMPLE_MESSAGES_WAITING = 3;
const SAMPLE_CONSENT_URL = 'https://im.example/consent/…';
const SAMPLE_WORD_URL = 'https://im.example/word/…';

/** A text filled, and counted in characters. */
export interface TextShown {
  /** The key that it stands under, such as `options.decline.deny`. */
  readonly key: string;
  readonly text: string;
  readonly characters: number;
  /** With the longest values that its placeholders can take. */
  readonly longest: number;
}

export interface Rendering {
  readonly policy: string;
  readonly version: number;
  readonly language: string;
  /** Of the frame, from top to bottom; empty where nothing is shown in a session or at a login. */
  readonly screen: readonly string[];
  /** Undefined of a policy for users who are away that asks nothing at login. */
  readonly message: TextShown | undefined;
  /** Whether every phone shows the whole message, whatever its placeholders stand for. */
  readonly isSurelyShown: boolean;
  readonly options: readonly TextShown[];
  readonly verification: TextShown | undefined;
  /** What users who are away are told, and how many short messages it takes with the longest values. */
  readonly notification?: TextShown & { readonly sms: SmsLength };
  /** What the phone is told when the login ends without success, or cannot be asked. */
  readonly denials: readonly TextShown[];
  /**
   * In words: what is granted without a choice, `onTimeout` and `withoutSystemMessages` that do not deny; of an on-line
   * message its trigger, and what options and silence lead to; of messages to users who are away what is kept, and when.
   */
  readonly otherwise: readonly { readonly key: string; readonly says: string }[];
}

/** The policy in the language that a user who wants `language` sees. */
export function renderPolicy(policy: OffLinePolicy, language: string): Rendering {
  const values = { ...textValues(policy, sampleReader(policy)), consentUrl: SAMPLE_CONSENT_URL };
  const show = shower(policy, language, values);
  const message = show('message', policy.message);
  const options = policy.options.map(({ id, text }) => show(`options.${id}`, text));
  const { verification } = policy;
  const challenge = verification?.kind === 'in-text' ? show('verification.inText', verification.inText) : undefined;
  const rulings: readonly (readonly [string, WithoutSystemMessages])[] = [
    ...policy.options.map(({ id, outcome }) => [`options.${id}.deny`, outcome] as const),
    ['onTimeout', policy.onTimeout],
    ['withoutSystemMessages', policy.withoutSystemMessages],
  ];
  return {
    policy: policy.id,
    version: policy.version,
    language: chooseLanguage(policy.message, [language]),
    screen: screenOf(message, options, verification?.kind === 'url' ? SAMPLE_WORD_URL : challenge?.text),
    message,
    isSurelyShown: message.longest <= SURELY_SHOWN,
    options,
    verification: challenge,
    denials: rulings.flatMap(([key, ruling]) => (ruling.kind === 'deny' ? [show(key, ruling.texts)] : [])),
    otherwise: rulings.flatMap(([key, ruling]) =>
      ruling.kind === 'deny' || key.startsWith('options.') ? [] : [{ key, says: saysOf(ruling) }],
    ),
  };
}

/** The languages that a policy for users who are away speaks, at login and in notifications; an empty one where it says nothing. */
export function languagesOfOffLineUser({ atLogin, notify }: OffLineUserPolicy): readonly string[] {
  const tags = [...(atLogin?.message.keys() ?? []), ...(notify?.text.keys() ?? [])];
  return tags.length === 0 ? [''] : [...new Set(tags)];
}

/** The question at login, and the notification, that a user who wants `language` sees. */
export function renderOffLineUser(policy: OffLineUserPolicy, language: string): Rendering {
  const { atLogin, notify } = policy;
  const reader = sampleReader(policy);
  const asks =
    atLogin === undefined
      ? undefined
      : questionOf(
          atLogin,
          shower(policy, language, textValues(atLogin, { ...reader, messagesWaiting: SAMPLE_MESSAGES_WAITING })),
        );
  const tells = shower(policy, language, notificationValues(reader, SAMPLE_OTHER_USER, SAMPLE_MESSAGES_WAITING));
  return {
    policy: policy.id,
    version: policy.version,
    language: chooseLanguage(new Map([...(atLogin?.message ?? []), ...(notify?.text ?? [])]), [language]),
    screen: asks === undefined ? [] : screenOf(asks.message, asks.options, undefined),
    message: asks?.message,
    isSurelyShown: asks === undefined || asks.message.longest <= SURELY_SHOWN,
    options: asks?.options ?? [],
    verification: undefined,
    ...(notify === undefined
      ? {}
      : { notification: notificationOf(policy, language, tells('notify.text', notify.text), notify.text) }),
    denials: asks?.denials ?? [],
    otherwise: [
      { key: 'keep', says: describeKeep(policy) },
      { key: 'storeOn', says: `when the VASP says ${describeStoreOn(policy)}` },
      ...(notify === undefined ? [] : [{ key: 'notify', says: describeNotify(notify) }]),
      ...(atLogin?.options ?? []).flatMap(({ id, outcome }) =>
        outcome.kind === 'deny' ? [] : [{ key: `atLogin.options.${id}`, says: saysOf(outcome) }],
      ),
    ],
  };
}

function questionOf({ message, options }: Pick<OffLinePolicy, 'message' | 'options'>, show: Shower) {
  const denial = ({ id, outcome }: PolicyOption): readonly TextShown[] =>
    outcome.kind === 'deny' ? [show(`atLogin.options.${id}.deny`, outcome.texts)] : [];
  return {
    message: show('atLogin.message', message),
    options: options.map(({ id, text }) => show(`atLogin.options.${id}`, text)),
    denials: options.flatMap(denial),
  };
}

function notificationOf(
  { applies }: OffLineUserPolicy,
  language: string,
  shown: TextShown,
  texts: Texts,
): TextShown & { readonly sms: SmsLength } {
  return { ...shown, sms: smsLength(textFor(texts, [language], longestOf(applies))) };
}

/** The message of an on-line policy in the language that a user who wants `language` sees. */
export function renderOnLine(policy: OnLinePolicy, language: string): Rendering {
  const show = shower(policy, language, onLineTextValues(sampleReader(policy), SAMPLE_OTHER_USER));
  const message = show('message', policy.message);
  const options = policy.options.map(({ id, text }) => show(`options.${id}`, text));
  return {
    policy: policy.id,
    version: policy.version,
    language: chooseLanguage(policy.message, [language]),
    screen: screenOf(message, options, undefined),
    message,
    isSurelyShown: message.longest <= SURELY_SHOWN,
    options,
    verification: undefined,
    denials: [],
    otherwise: [
      { key: 'trigger', says: `sent ${describeTrigger(policy.trigger)}` },
      ...policy.options.map(({ id, effects }) => ({ key: `options.${id}`, says: describeEffects(effects) })),
      { key: 'onTimeout', says: describeSilence(policy) },
    ],
  };
}

function sampleReader({ applies }: Pick<OffLinePolicy, 'applies'>): { readonly userId: string; readonly vasp: string } {
  return { userId: SAMPLE_USER, vasp: [...(applies.vasps ?? [])][0] ?? SAMPLE_VASP };
}

type Shower = (key: string, texts: Texts) => TextShown;

/** Fills texts with samples, and counts them with the longest values, too. */
function shower(
  { applies, charge }: Pick<OffLinePolicy, 'applies' | 'charge'>,
  language: string,
  values: TextValues,
): Shower {
  const longest = longestOf(applies, charge);
  return (key, texts) => {
    const text = textFor(texts, [language], values);
    const most = characters(textFor(texts, [language], longest));
    return { key, text, characters: characters(text), longest: Math.max(most, characters(text)) };
  };
}

function longestOf({ vasps }: OffLinePolicy['applies'], charge?: OffLinePolicy['charge']): TextValues {
  return longestValues({ applies: vasps === undefined ? {} : { vasps: [...vasps] }, charge }, { vasps: undefined });
}

function screenOf(message: TextShown, options: readonly TextShown[], proof: string | undefined): readonly string[] {
  const lines = [
    ...wrap(marked(message.text), SCREEN_COLUMNS),
    ...(options.length === 0 ? [] : ['']),
    ...options.flatMap(({ text }, index) => wrap(`${index + 1} ${text}`, SCREEN_COLUMNS)),
    ...(proof === undefined ? [] : ['', ...wrap(proof, SCREEN_COLUMNS), `[${'_'.repeat(SCREEN_COLUMNS - 2)}]`]),
  ];
  return framed(lines, SCREEN_COLUMNS);
}

function marked(text: string): string {
  const shown = [...text];
  if (shown.length <= SURELY_SHOWN) return text;
  return [...shown.slice(0, SURELY_SHOWN), CUT_MARK, ...shown.slice(SURELY_SHOWN)].join('');
}

function saysOf(ruling: Exclude<WithoutSystemMessages, Ruling & { kind: 'deny' }>): string {
  if (ruling.kind === 'grant') return `grants ${ruling.level.name}`;
  return ruling.kind === 'proceed' ? 'lets in' : 'asks in a conversation with the service contact';
}
