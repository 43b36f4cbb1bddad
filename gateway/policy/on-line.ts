/**
 * Makes on-line policies: of a file that passed every check, or of the definition that an earlier policy left behind. Both
 * ways go through the same complete file, defaults put in, so that what is read back behaves as what was written, also
 * when the folder, its levels or the defaults are others by then.
 */
import * as z from 'zod';
import { ServiceSet } from '../csp/service-tree.ts';
import { jsonIn } from '../yaml/data.ts';
import { buildApplies, millisOf, textsOf } from './build.ts';
import type { Levels } from './check-levels.ts';
import {
  DEFAULT_EXPIRES,
  DEFAULT_ORDER,
  DEFAULT_RESEND_EVERY,
  DEFAULT_RESEND_TIMES,
  NO_MORE_HELP,
  NO_MORE_HELP_TEXT,
  SENSITIVE_ATTRIBUTES,
} from './defaults.ts';
import type { Effect, Level, OnLinePolicy, Trigger } from './model.ts';
import { type EffectFile, type OnLineServiceFile, onLineServiceSchema } from './schema-on-line.ts';
import { primaryLanguage } from './text.ts';

type OptionFile = NonNullable<OnLineServiceFile['options']>[number];
type TextsFile = Readonly<Record<string, string>>;

/** A file in which nothing is left to a default. */
interface CompleteFile extends OnLineServiceFile {
  readonly order: number;
  readonly options: OptionFile[];
  readonly requiresResponse: boolean;
  readonly block: boolean;
  readonly resend: { readonly every: string; readonly times: number };
  readonly expires: string;
  readonly onTimeout: NonNullable<OnLineServiceFile['onTimeout']>;
}

/** Raised when a definition is written in another way. */
const FORMAT = 1;
const bits = z.int().min(0).max(0xffff_ffff);
const definitionSchema = z.object({
  format: z.literal(FORMAT),
  policy: onLineServiceSchema,
  levels: z.array(z.strictObject({ name: z.string(), low: bits, high: bits })),
});

/** The policy of a checked file; throws only when it was not checked. */
export function buildOnLinePolicy(file: OnLineServiceFile, { levels }: Pick<Levels, 'levels'>): OnLinePolicy {
  const complete = completed(file);
  const used = [...new Set(levelNamesIn(complete))].map((name) => levelOf(levels, name));
  const definition = JSON.stringify({
    format: FORMAT,
    policy: complete,
    levels: used.map(({ name, set: { low, high } }) => ({ name, low, high })),
  });
  return policyOf(complete, levels, definition);
}

/** The policy that a definition was made of; undefined when it is none, or of a format that this version does not know. */
export function readOnLinePolicy(definition: string): OnLinePolicy | undefined {
  const read = definitionSchema.safeParse(jsonIn(definition));
  if (!read.success) return undefined;
  const { policy, levels } = read.data;
  const byName = new Map(levels.map(({ name, low, high }) => [name, { name, set: new ServiceSet(low, high) }]));
  const complete = completed(policy);
  if (!levelNamesIn(complete).every((name) => byName.has(name))) return undefined;
  return policyOf(complete, byName, definition);
}

/** Puts the defaults in; a complete file stays as it is. */
function completed(file: OnLineServiceFile): CompleteFile {
  const isTerms = file.category === 'terms';
  const block = isTerms || file.block === true;
  return {
    ...file,
    order: file.order ?? DEFAULT_ORDER,
    trigger:
      file.trigger.on === 'presence-exposed'
        ? { attributes: [...SENSITIVE_ATTRIBUTES], ...file.trigger }
        : file.trigger,
    options: optionsOf(file),
    // Service that waits for an answer waits for a message that asks for one.
    requiresResponse: block || file.requiresResponse === true,
    block,
    resend: { every: file.resend?.every ?? DEFAULT_RESEND_EVERY, times: file.resend?.times ?? DEFAULT_RESEND_TIMES },
    expires: file.expires ?? DEFAULT_EXPIRES,
    onTimeout: file.onTimeout ?? (isTerms ? { logout: true } : {}),
  };
}

function optionsOf({ category, options = [], message }: OnLineServiceFile): OptionFile[] {
  if (category !== 'help' || options.some(({ id }) => id === NO_MORE_HELP)) return options;
  return [...options, { id: NO_MORE_HELP, text: noMoreHelp(message), do: [{ setPreference: { help: 'off' } }] }];
}

/** In the languages of the message, as far as the words are known in them, so that no message mixes two. */
function noMoreHelp(message: TextsFile): Record<string, string> {
  const spoken = Object.keys(message).flatMap((tag) => {
    const words = NO_MORE_HELP_TEXT[primaryLanguage(tag)];
    return words === undefined ? [] : [[tag, words] as const];
  });
  return spoken.length === 0 ? { ...NO_MORE_HELP_TEXT } : Object.fromEntries(spoken);
}

function levelNamesIn({ options, onTimeout }: CompleteFile): readonly string[] {
  const granted = options.flatMap((option) => (option.do ?? []).map((effect) => effect.grant));
  return [...granted, onTimeout.grant].filter((name) => name !== undefined);
}

function policyOf(file: CompleteFile, levels: ReadonlyMap<string, Level>, definition: string): OnLinePolicy {
  return {
    id: file.id,
    version: file.version,
    category: file.category,
    trigger: triggerOf(file.trigger),
    applies: buildApplies(file.applies ?? {}),
    message: textsOf(file.message),
    options: file.options.map((option) => ({
      id: option.id,
      text: textsOf(option.text),
      effects: (option.do ?? []).map((effect) => effectOf(effect, levels)),
    })),
    requiresResponse: file.requiresResponse,
    block: file.block,
    resend: { everyMillis: millisOf(file.resend.every), times: file.resend.times },
    expiresMillis: millisOf(file.expires),
    onTimeout: timeoutOf(file.onTimeout, levels),
    definition,
  };
}

function triggerOf({ on, attributes = [], count = 1, within, statuses = [] }: OnLineServiceFile['trigger']): Trigger {
  switch (on) {
    case 'presence-exposed':
      return { on, attributes: new Set(attributes) };
    case 'repeated-errors':
      return { on, count, withinMillis: millisOf(within ?? ''), statuses: statuses.map(String) };
    default:
      return { on };
  }
}

/** What a checked effect does. */
export function effectOf(effect: EffectFile, levels: ReadonlyMap<string, Level>): Effect {
  if (effect.addToContactList !== undefined) return { kind: 'add-contact', user: effect.addToContactList };
  if (effect.authorizePresence !== undefined) return { kind: 'authorize-presence', user: effect.authorizePresence };
  if (effect.denyPresence !== undefined) return { kind: 'deny-presence', user: effect.denyPresence };
  if (effect.setPreference !== undefined) return { kind: 'set-help', help: effect.setPreference.help };
  if (effect.grant !== undefined) return { kind: 'grant', level: levelOf(levels, effect.grant) };
  if (effect.webhook !== undefined) return { kind: 'webhook', url: effect.webhook };
  return effect.logout === true ? { kind: 'logout' } : { kind: 'accept' };
}

function timeoutOf(file: CompleteFile['onTimeout'], levels: ReadonlyMap<string, Level>): OnLinePolicy['onTimeout'] {
  if (file.grant !== undefined) return { kind: 'grant', level: levelOf(levels, file.grant) };
  return { kind: file.logout === true ? 'logout' : 'nothing' };
}

function levelOf(levels: ReadonlyMap<string, Level>, name: string): Level {
  const level = levels.get(name);
  if (level === undefined) throw new Error('policies are built of checked files only');
  return level;
}
