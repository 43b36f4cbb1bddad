/**
 * What one key of a policy for users who are away means for another: statuses that cannot mean that somebody is away,
 * bearers that exist, options that let in or deny, conditions that nobody can judge of somebody who is not there
 * [policy-files §4]. Works on what stands there, whole or not, so that a mistake in one key hides none in another.
 */
import { isRecord } from '../yaml/data.ts';
import type { YamlDocument } from '../yaml/document.ts';
import { didYouMean } from '../yaml/wording.ts';
import { type CheckContext, checkApplies, checkOptionIds, listOf, type Mapping } from './check-applies.ts';
import { checkOffLineUserTexts } from './check-texts.ts';

export function checkOffLineUser(document: YamlDocument, context: CheckContext): void {
  const { value } = document;
  if (!isRecord(value)) return;
  if (isRecord(value.applies)) {
    checkApplies(document, value.applies, context.vasps);
    warnOfWhatIsNotKnown(document, value.applies, isRecord(value.atLogin));
  }
  checkStoreOn(document, listOf(value.storeOn));
  if (isRecord(value.notify)) checkBearer(document, value.notify.bearer, context.bearers);
  if (isRecord(value.atLogin) && Array.isArray(value.atLogin.options)) checkOptions(document, value.atLogin.options);
  checkOffLineUserTexts(document, context);
}

/** Of somebody who is away neither client nor version is known, and a condition may ask for both. */
function warnOfWhatIsNotKnown(document: YamlDocument, applies: Mapping, asks: boolean): void {
  const says = asks ? 'it decides about the question at login alone' : 'without atLogin it decides nothing';
  for (const key of ['clients', 'csp', 'when']) {
    if (applies[key] === undefined) continue;
    document.report(['applies', key], `is not known of a user who is away: ${says}`, {
      at: 'key',
      severity: 'warning',
    });
  }
}

function checkStoreOn(document: YamlDocument, statuses: readonly unknown[]): void {
  for (const [index, status] of statuses.entries()) {
    const why = typeof status === 'number' ? whyNotStored(status) : undefined;
    if (why !== undefined) document.report(['storeOn', index], `messages are not kept on ${status}: ${why}`);
  }
}

/** Why a status of the VASP cannot mean that the recipient is away; undefined when it can [X60]. */
function whyNotStored(status: number): string | undefined {
  if (status >= 200 && status < 300) return 'it says that the message was taken';
  if (status < 400) return 'only statuses from 400 on refuse a message';
  if (status === 507) return 'it says that the mailbox is full, and is what the sender is told then';
  if (status === 531) return 'it says that there is no such user, and the sender is to be told';
  if (status === 532) return 'it says that the recipient blocks the sender';
  return undefined;
}

function checkBearer(document: YamlDocument, bearer: unknown, bearers: readonly string[] | undefined): void {
  if (typeof bearer !== 'string' || bearer === '' || bearers === undefined || bearers.includes(bearer)) return;
  const known = bearers.length === 0 ? 'it has none' : `it has ${bearers.join(', ')}`;
  const message = `the configuration has no bearer ${JSON.stringify(bearer)}; ${known}`;
  document.report(['notify', 'bearer'], message, didYouMean(bearer, bearers));
}

function checkOptions(document: YamlDocument, options: readonly unknown[]): void {
  checkOptionIds(document, options, ['atLogin', 'options']);
  for (const [index, option] of options.entries()) {
    if (isRecord(option)) checkOption(document, index, option);
  }
  const denies = (option: unknown): boolean =>
    isRecord(option) && option.proceed === undefined && option.deny !== undefined;
  if (options.length > 0 && options.every(denies)) {
    const message = 'no option lets in, so nobody could log in while messages wait; add one with proceed: true';
    document.report(['atLogin', 'options'], message);
  }
}

/** Exactly one of `proceed` and `deny`. */
function checkOption(document: YamlDocument, index: number, { proceed, deny }: Mapping): void {
  const path = ['atLogin', 'options', index];
  if (proceed === undefined && deny === undefined) {
    document.report(path, 'must say what follows: one of proceed: true and deny');
  } else if (proceed === false && deny === undefined) {
    document.report([...path, 'proceed'], 'must be true; write deny, with a reason, to end the login');
  } else if (proceed !== undefined && deny !== undefined) {
    document.report([...path, 'deny'], 'stands beside proceed; only one of them can follow', { at: 'key' });
  }
}
