/**
 * What one key of an on-line service policy means for another: the keys of a trigger, what options do, what terms and help
 * messages bring with them [policy-files §3]. Works on what stands there, whole or not, so that a mistake in one key
 * hides none in another.
 */
import { isRecord } from '../yaml/data.ts';
import type { YamlDocument } from '../yaml/document.ts';
import type { Path } from '../yaml/problem.ts';
import { didYouMean } from '../yaml/wording.ts';
import {
  type CheckContext,
  checkApplies,
  checkKeysOfKinds,
  checkOptionIds,
  type KeyOfKinds,
  listOf,
  type Mapping,
} from './check-applies.ts';
import { checkLevelName } from './check-levels.ts';
import { checkOnLineTexts, NOBODY_ELSE } from './check-texts.ts';
import { NO_MORE_HELP } from './defaults.ts';
import { MOST_OPTIONS } from './schema-forms.ts';
import { placeholdersIn } from './text.ts';
import { isAllowedWebhook, webhookUrl } from './webhooks.ts';

/** The triggers that are about another user. */
const ABOUT_ANOTHER: readonly unknown[] = ['added-to-contact-list', 'presence-authorization-changed'];

const TRIGGER_KEYS: readonly KeyOfKinds[] = [
  { key: 'attributes', of: ['presence-exposed'], needed: undefined },
  { key: 'count', of: ['repeated-errors'], needed: 'repeated-errors' },
  { key: 'within', of: ['repeated-errors'], needed: 'repeated-errors' },
  { key: 'statuses', of: ['repeated-errors'], needed: 'repeated-errors' },
];

export function checkOnLineService(document: YamlDocument, context: CheckContext): void {
  const { value } = document;
  if (!isRecord(value)) return;
  const on = isRecord(value.trigger) ? value.trigger.on : undefined;
  // Where the trigger cannot be told, nothing can be said about whom it is about.
  const namesAnother = typeof on !== 'string' || ABOUT_ANOTHER.includes(on);
  if (isRecord(value.trigger)) checkKeysOfKinds(document, ['trigger'], value.trigger, TRIGGER_KEYS);
  if (isRecord(value.applies)) checkApplies(document, value.applies, context.vasps);
  checkOnLineTexts(document, context, namesAnother);
  checkOptions(document, value, context, namesAnother);
  checkResponse(document, value);
  if (isRecord(value.onTimeout)) checkTimeout(document, value.onTimeout, context.levels);
}

function checkOptions(document: YamlDocument, policy: Mapping, context: CheckContext, namesAnother: boolean): void {
  const options = listOf(policy.options);
  checkOptionIds(document, options);
  if (policy.category === 'help') checkHelpOptions(document, options);
  for (const [index, option] of options.entries()) {
    if (!isRecord(option)) continue;
    for (const [at, effect] of listOf(option.do).entries()) {
      if (isRecord(effect)) checkEffect(document, ['options', index, 'do', at], effect, context, namesAnother);
    }
  }
}

/** A help message gets one more option, which switches help messages off. */
function checkHelpOptions(document: YamlDocument, options: readonly unknown[]): void {
  if (options.length === MOST_OPTIONS) {
    const message = `a help message has one more option of its own; at most ${MOST_OPTIONS - 1} can be written`;
    document.report(['options'], message);
  }
  for (const [index, option] of options.entries()) {
    if (!isRecord(option) || option.id !== NO_MORE_HELP) continue;
    document.report(['options', index, 'id'], `every help message has an option ${NO_MORE_HELP} already; leave it out`);
  }
}

/** Reports what is wrong with one entry of `do` beyond its shape. */
export function checkEffect(
  document: YamlDocument,
  path: Path,
  effect: Mapping,
  { levels, webhooks }: Pick<CheckContext, 'levels' | 'webhooks'>,
  namesAnother: boolean,
): void {
  const keys = Object.keys(effect);
  if (keys.length === 0) document.report(path, 'must say what to do, such as { accept: true }');
  for (const key of keys.slice(1)) {
    document.report([...path, key], `stands beside ${keys[0]}; write one thing to do an entry`, { at: 'key' });
  }
  for (const key of ['addToContactList', 'authorizePresence', 'denyPresence']) {
    checkUser(document, [...path, key], effect[key], namesAnother);
  }
  for (const key of ['accept', 'logout']) {
    if (effect[key] === false) document.report([...path, key], 'must be true; leave it out to do nothing');
  }
  if (levels !== undefined) checkLevelName(document, [...path, 'grant'], effect.grant, levels);
  if (typeof effect.webhook === 'string') checkWebhook(document, [...path, 'webhook'], effect.webhook, webhooks);
}

function checkUser(document: YamlDocument, path: Path, user: unknown, namesAnother: boolean): void {
  if (typeof user !== 'string') return;
  const found = placeholdersIn(user);
  for (const { name, index } of found) {
    if (name !== 'otherUser') {
      const near = didYouMean(`{${name}}`, ['{otherUser}']);
      document.report(path, `unknown placeholder {${name}}; a user is "{otherUser}" or an id`, {
        offset: index,
        ...near,
      });
    } else if (!namesAnother) document.report(path, NOBODY_ELSE, { offset: index });
  }
  if (found.length > 0 && user !== '{otherUser}' && found.every(({ name }) => name === 'otherUser')) {
    document.report(path, 'must be "{otherUser}" with nothing around it, or a user id');
  } else if (found.length === 0 && /\s/u.test(user)) document.report(path, 'a user id holds no blanks');
}

function checkWebhook(document: YamlDocument, path: Path, url: string, allowed: readonly string[] | undefined): void {
  if (url === '') return;
  if (webhookUrl(url) === undefined) {
    document.report(path, 'must be a URL with http or https, without user, password and fragment');
  } else if (allowed !== undefined && !isAllowedWebhook(url, allowed)) {
    document.report(path, 'is not below a URL that the configuration allows: webhooks.allow');
  }
}

function checkResponse(document: YamlDocument, { category, requiresResponse, block }: Mapping): void {
  if (category === 'terms') {
    if (requiresResponse === false) document.report(['requiresResponse'], 'terms always require a response');
    if (block === false) document.report(['block'], 'terms always block until they are answered');
  } else if (block === true && requiresResponse === false) {
    document.report(['requiresResponse'], 'counts for nothing beside block: true, which waits for a response', {
      severity: 'warning',
    });
  }
}

function checkTimeout(document: YamlDocument, timeout: Mapping, levels: readonly string[] | undefined): void {
  if (timeout.logout === false) document.report(['onTimeout', 'logout'], 'must be true; leave it out to do nothing');
  else if (timeout.grant !== undefined && timeout.logout !== undefined) {
    document.report(['onTimeout', 'logout'], 'stands beside grant; only one of them can follow', { at: 'key' });
  }
  if (levels !== undefined) checkLevelName(document, ['onTimeout', 'grant'], timeout.grant, levels);
}
