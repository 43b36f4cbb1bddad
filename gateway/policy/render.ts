/**
 * A policy's texts as a user meets them, in one language: the screen of a phone that asks, how much of its message every
 * phone shows, and what is said instead of a question or after it. Counts hold for the sample that is drawn and for the
 * longest values that placeholders can take, which is what the check counts.
 */
import { longestValues, SURELY_SHOWN } from './check-texts.ts';
import { describeEffects, describeSilence, describeTrigger } from './describe-on-line.ts';
import type { OffLinePolicy, OnLinePolicy, Ruling, Texts, WithoutSystemMessages } from './model.ts';
import { CUT_MARK, framed, SCREEN_COLUMNS, wrap } from './screen.ts';
import { characters, chooseLanguage, onLineTextValues, type TextValues, textFor, textValues } from './text.ts';

const SAMPLE_USER = 'wv:alice@im.example';
const SAMPLE_OTHER_USER = 'wv:bob@im.example';
const SAMPLE_VASP = 'sandbox';
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
  /** Of the frame, from top to bottom. */
  readonly screen: readonly string[];
  readonly message: TextShown;
  /** Whether every phone shows the whole message, whatever its placeholders stand for. */
  readonly isSurelyShown: boolean;
  readonly options: readonly TextShown[];
  readonly verification: TextShown | undefined;
  /** What the phone is told when the login ends without success, or cannot be asked. */
  readonly denials: readonly TextShown[];
  /**
   * In words: what is granted without a choice, `onTimeout` and `withoutSystemMessages` that do not deny; of an on-line
   * message its trigger, and what options and silence lead to.
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

/** Fills texts with samples, and counts them with the longest values, too. */
function shower(
  { applies: { vasps }, charge }: Pick<OffLinePolicy, 'applies' | 'charge'>,
  language: string,
  values: TextValues,
): (key: string, texts: Texts) => TextShown {
  const longest = longestValues(
    { applies: vasps === undefined ? {} : { vasps: [...vasps] }, charge },
    { vasps: undefined },
  );
  return (key, texts) => {
    const text = textFor(texts, [language], values);
    const most = characters(textFor(texts, [language], longest));
    return { key, text, characters: characters(text), longest: Math.max(most, characters(text)) };
  };
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
  return ruling.kind === 'grant' ? `grants ${ruling.level.name}` : 'asks in a conversation with the service contact';
}
