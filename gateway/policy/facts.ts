/**
 * A policy as a list of facts in words, key by key, defaults put in: what two versions of a policy are compared by. Two
 * policies with the same facts ask the same people the same thing.
 */
import { formatDuration } from '../yaml/durations.ts';
import { describeAsk } from './describe.ts';
import { describeKeep, describeNotify, describeStoreOn } from './describe-off-line-user.ts';
import { describeEffects, describeSilence, describeTrigger } from './describe-on-line.ts';
import type {
  Applies,
  Charge,
  Glob,
  OffLinePolicy,
  OffLineUserPolicy,
  OnLinePolicy,
  Texts,
  WithoutSystemMessages,
} from './model.ts';

/** Words by key, such as `options.accept` and `message.en`, in the order of the file format. */
export type Facts = ReadonlyMap<string, string>;

/** Keys of what a user agrees to: a change of these is a change of the bargain. */
export const isOfSubstance = (key: string): boolean => /^(charge|message|options|verification)(\.|$)/.test(key);

export function factsOf(policy: OffLinePolicy): Facts {
  const { verification } = policy;
  return new Map([
    ['version', String(policy.version)],
    ['purpose', policy.purpose],
    ['order', String(policy.order)],
    ...appliesFacts(policy.applies),
    ...(policy.charge === undefined ? [] : [['charge', chargeText(policy.charge)] as const]),
    ...textFacts('message', policy.message),
    ...(policy.options.length === 0 ? [] : [['options', policy.options.map(({ id }) => id).join(', ')] as const]),
    ...policy.options.flatMap(({ id, text, outcome }) => [
      ...rulingFacts(`options.${id}`, outcome),
      ...textFacts(`options.${id}.text`, text),
    ]),
    ...(verification === undefined ? [] : [['verification.key', verification.key ?? 'random'] as const]),
    ...(verification?.kind === 'in-text' ? textFacts('verification.inText', verification.inText) : []),
    ...(verification?.kind === 'url' ? [['verification.url', 'true'] as const] : []),
    ['requiresResponse', String(policy.requiresResponse)],
    ['timeout', formatDuration(policy.timeoutMillis)],
    ['resend', String(policy.resend)],
    ...rulingFacts('onTimeout', policy.onTimeout),
    ['ask', describeAsk(policy.ask)],
    ['record', policy.record],
    ...rulingFacts('withoutSystemMessages', policy.withoutSystemMessages),
    ['mode', policy.mode],
  ]);
}

/** The same of a message to users who are logged in. */
export function factsOfOnLine(policy: OnLinePolicy): Facts {
  const { resend } = policy;
  return new Map([
    ['version', String(policy.version)],
    ['category', policy.category],
    ['trigger', describeTrigger(policy.trigger)],
    ...appliesFacts(policy.applies),
    ...textFacts('message', policy.message),
    ...(policy.options.length === 0 ? [] : [['options', policy.options.map(({ id }) => id).join(', ')] as const]),
    ...policy.options.flatMap(({ id, text, effects }) => [
      [`options.${id}`, describeEffects(effects)] as const,
      ...textFacts(`options.${id}.text`, text),
    ]),
    ['requiresResponse', String(policy.requiresResponse)],
    ['block', String(policy.block)],
    ['resend', `every ${formatDuration(resend.everyMillis)}, ${resend.times} times`],
    ['expires', formatDuration(policy.expiresMillis)],
    ['onTimeout', describeSilence(policy)],
  ]);
}

/** The same of messages to users who are away. */
export function factsOfOffLineUser(policy: OffLineUserPolicy): Facts {
  const { notify, atLogin } = policy;
  const options = atLogin?.options ?? [];
  return new Map([
    ['version', String(policy.version)],
    ['order', String(policy.order)],
    ...appliesFacts(policy.applies),
    ['keep', describeKeep(policy)],
    ['storeOn', describeStoreOn(policy)],
    ...(notify === undefined ? [] : [['notify', describeNotify(notify)] as const]),
    ...(notify === undefined ? [] : textFacts('notify.text', notify.text)),
    ...(atLogin === undefined ? [] : textFacts('atLogin.message', atLogin.message)),
    ...(options.length === 0 ? [] : [['atLogin.options', options.map(({ id }) => id).join(', ')] as const]),
    ...options.flatMap(({ id, text, outcome }) => [
      ...rulingFacts(`atLogin.options.${id}`, outcome),
      ...textFacts(`atLogin.options.${id}.text`, text),
    ]),
  ]);
}

type Fact = readonly [key: string, words: string];

function appliesFacts({ vasps, users, clients, csp, from, until, when }: Applies): readonly Fact[] {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['applies.vasps', vasps && [...vasps].toSorted().join(', ')],
    ['applies.users', globsText(users)],
    ['applies.clients', globsText(clients)],
    ['applies.csp', csp && [...csp].toSorted().join(', ')],
    ['applies.from', from === undefined ? undefined : instant(from)],
    ['applies.until', until === undefined ? undefined : instant(until)],
    ['applies.when', when?.source],
  ];
  return facts.flatMap(([key, words]) => (words === undefined ? [] : [[key, words]]));
}

const globsText = (globs: readonly Glob[] | undefined): string | undefined =>
  globs
    ?.map(({ source }) => source)
    .toSorted()
    .join(', ');

const instant = (millis: number): string => new Date(millis).toISOString();

const chargeText = ({ amount, currency, per, estimate }: Charge): string =>
  `${amount} ${currency} a ${per}${estimate ? ', an estimate' : ''}`;

const textFacts = (key: string, texts: Texts): readonly Fact[] =>
  [...texts].map(([language, text]) => [`${key}.${language}`, JSON.stringify(text)]);

function rulingFacts(key: string, ruling: WithoutSystemMessages): readonly Fact[] {
  if (ruling.kind === 'grant') return [[key, `grants ${ruling.level.name}`]];
  if (ruling.kind === 'converse') return [[key, 'asks in a conversation']];
  if (ruling.kind === 'proceed') return [[key, 'lets in']];
  return [[key, 'denies'], ...textFacts(`${key}.deny`, ruling.texts)];
}
