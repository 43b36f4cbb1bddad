/**
 * Makes the policy that the gateway uses of a file that passed every check, defaults put in.
 */

import { parseDuration } from '../yaml/durations.ts';
import type { Levels } from './check-levels.ts';
import { compileCondition } from './condition.ts';
import {
  DEFAULT_ON_TIMEOUT,
  DEFAULT_ORDER,
  DEFAULT_RESEND,
  DEFAULT_TIMEOUT_MILLIS,
  DEFAULT_WITHOUT_SYSTEM_MESSAGES,
} from './defaults.ts';
import { compileGlob } from './glob.ts';
import type {
  Applies,
  AskMode,
  Condition,
  OffLinePolicy,
  Ruling,
  Texts,
  Verification,
  WithoutSystemMessages,
} from './model.ts';
import type { OffLineServiceFile } from './schema.ts';

/** With `url: true`: a fresh word for every message. */
const RANDOM_KEY = 'random';

/** The policy of a checked file; throws only when it was not checked. */
export function buildOffLinePolicy(file: OffLineServiceFile, levels: Levels): OffLinePolicy {
  const options = file.options ?? [];
  return {
    id: file.id,
    version: file.version,
    purpose: file.purpose,
    order: file.order ?? DEFAULT_ORDER,
    applies: buildApplies(file.applies ?? {}),
    ...(file.charge === undefined ? {} : { charge: { ...file.charge, estimate: file.charge.estimate ?? false } }),
    message: textsOf(file.message),
    options: options.map((option) => ({
      id: option.id,
      text: textsOf(option.text),
      outcome: rulingOf(option, levels),
    })),
    ...verificationOf(file.verification),
    requiresResponse: file.requiresResponse ?? options.length > 0,
    timeoutMillis: file.timeout === undefined ? DEFAULT_TIMEOUT_MILLIS : millisOf(file.timeout),
    resend: file.resend ?? DEFAULT_RESEND,
    onTimeout: file.onTimeout === undefined ? DEFAULT_ON_TIMEOUT : rulingOf(file.onTimeout, levels),
    ask: askOf(file.ask),
    record: file.record ?? 'keyed',
    withoutSystemMessages: withoutSystemMessagesOf(file.withoutSystemMessages, levels),
    mode: file.mode ?? 'enforce',
  };
}

/** Whom a policy concerns, compiled. */
export function buildApplies(file: NonNullable<OffLineServiceFile['applies']>): Applies {
  return {
    ...(file.vasps === undefined ? {} : { vasps: new Set(file.vasps) }),
    ...(file.users === undefined ? {} : { users: file.users.map(compileGlob) }),
    ...(file.clients === undefined ? {} : { clients: file.clients.map(compileGlob) }),
    ...(file.csp === undefined ? {} : { csp: new Set(file.csp) }),
    ...(file.from === undefined ? {} : { from: Date.parse(file.from) }),
    ...(file.until === undefined ? {} : { until: Date.parse(file.until) }),
    ...(file.when === undefined ? {} : { when: conditionOf(file.when) }),
  };
}

function conditionOf(source: string): Condition {
  const compiled = compileCondition(source);
  if (compiled.kind === 'invalid') throw new Error('policies are built of checked files only');
  return compiled.condition;
}

function rulingOf(
  file: { readonly grant?: string | undefined; readonly deny?: Readonly<Record<string, string>> | undefined },
  { levels }: Levels,
): Ruling {
  if (file.deny !== undefined) return { kind: 'deny', texts: textsOf(file.deny) };
  const level = levels.get(file.grant ?? '');
  if (level === undefined) throw new Error('policies are built of checked files only');
  return { kind: 'grant', level };
}

function withoutSystemMessagesOf(
  file: OffLineServiceFile['withoutSystemMessages'],
  levels: Levels,
): WithoutSystemMessages {
  if (file === undefined) return DEFAULT_WITHOUT_SYSTEM_MESSAGES;
  return file.converse === true ? { kind: 'converse' } : rulingOf(file, levels);
}

function verificationOf(file: OffLineServiceFile['verification']): { readonly verification?: Verification } {
  if (file === undefined) return {};
  if (file.inText !== undefined) {
    return { verification: { kind: 'in-text', inText: textsOf(file.inText), key: file.key } };
  }
  return { verification: { kind: 'url', key: file.key === RANDOM_KEY ? undefined : file.key } };
}

function askOf(ask: OffLineServiceFile['ask']): AskMode {
  if (ask === undefined) return { mode: 'on-change' };
  return typeof ask === 'string' ? { mode: ask } : { mode: 'every', everyMillis: millisOf(ask.every) };
}

/** The milliseconds of a checked duration. */
export function millisOf(duration: string): number {
  const millis = parseDuration(duration);
  if (millis === undefined) throw new Error('policies are built of checked files only');
  return millis;
}

export const textsOf = (texts: Readonly<Record<string, string>>): Texts => new Map(Object.entries(texts));
