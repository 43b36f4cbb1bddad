/**
 * What one key of an off-line service policy means for another: rulings, options, levels, the effective period, and the
 * parts of the format that this version does not serve. Works on what stands there, whole or not, so that a mistake in
 * one key hides none in another.
 */
import { isRecord } from '../yaml/data.ts';
import type { YamlDocument } from '../yaml/document.ts';
import type { Path } from '../yaml/problem.ts';
import { type CheckContext, checkApplies, checkOptionIds, listOf, type Mapping } from './check-applies.ts';
import { checkLevelName } from './check-levels.ts';
import { checkTexts } from './check-texts.ts';

export function checkOffLineService(document: YamlDocument, context: CheckContext): void {
  const { value } = document;
  if (!isRecord(value)) return;
  if (isRecord(value.applies)) checkApplies(document, value.applies, context.vasps);
  checkTexts(document, context);
  if (Array.isArray(value.options)) checkOptions(document, value.options, context.levels);
  checkRequiresResponse(document, value);
  if (isRecord(value.verification)) checkVerification(document, value.verification, context);
  if (isRecord(value.onTimeout)) checkRuling(document, ['onTimeout'], value.onTimeout, context.levels);
  if (isRecord(value.withoutSystemMessages)) {
    checkWithoutSystemMessages(document, value.withoutSystemMessages, context.levels);
  }
}

function checkOptions(
  document: YamlDocument,
  options: readonly unknown[],
  levels: readonly string[] | undefined,
): void {
  checkOptionIds(document, options);
  for (const [index, option] of options.entries()) {
    if (!isRecord(option)) continue;
    checkRuling(document, ['options', index], option, levels);
  }
}

/** Exactly one of `grant` and `deny`, and a level that is defined. */
function checkRuling(
  document: YamlDocument,
  path: Path,
  ruling: Mapping,
  levels: readonly string[] | undefined,
  needed = 'one of grant and deny',
): void {
  if (ruling.grant === undefined && ruling.deny === undefined) {
    document.report(path, `must say what follows: ${needed}`);
  }
  if (ruling.grant !== undefined && ruling.deny !== undefined) {
    document.report([...path, 'deny'], 'stands beside grant; only one of them can follow', { at: 'key' });
  }
  if (levels !== undefined) checkLevelName(document, [...path, 'grant'], ruling.grant, levels);
}

/** A ruling, or a conversation in its place. */
function checkWithoutSystemMessages(
  document: YamlDocument,
  ruling: Mapping,
  levels: readonly string[] | undefined,
): void {
  const path = ['withoutSystemMessages'];
  const { converse, grant, deny } = ruling;
  if (converse === undefined) checkRuling(document, path, ruling, levels, 'one of grant, deny and converse');
  else if (converse === false) document.report([...path, 'converse'], 'must be true; leave it out to deny or grant');
  else if (grant !== undefined || deny !== undefined) {
    const message = `stands beside ${grant === undefined ? 'deny' : 'grant'}; only one of them can follow`;
    document.report([...path, 'converse'], message, { at: 'key' });
  }
}

function checkRequiresResponse(document: YamlDocument, policy: Mapping): void {
  const options = listOf(policy.options);
  if (policy.options !== undefined && !Array.isArray(policy.options)) return;
  const required = policy.requiresResponse ?? options.length > 0;
  if (required !== true) return;
  if (options.length === 0) {
    document.report(['requiresResponse'], 'needs at least one option to respond with');
  } else if (options.every((option) => isRecord(option) && option.grant === undefined && option.deny !== undefined)) {
    document.report(['options'], 'no option grants, so nobody could log in; add one, or set requiresResponse: false');
  }
}

function checkVerification(document: YamlDocument, verification: Mapping, { publicUrl }: CheckContext): void {
  const { url, inText, key } = verification;
  if (url === false) document.report(['verification', 'url'], 'must be true; leave it out to use inText');
  if (url === true && inText !== undefined) {
    document.report(['verification', 'inText'], 'stands beside url: true; the word is shown in one place', {
      at: 'key',
    });
  }
  if (url === true && publicUrl === 'none') {
    document.report(['verification', 'url'], 'needs a publicUrl in the configuration, where users reach the page');
  }
  if (url === undefined && inText === undefined) {
    const message = 'must say where the word is shown: inText, with a text by language, or url: true';
    document.report(['verification'], message);
  }
  if (key === 'random' && url !== true) {
    document.report(['verification', 'key'], 'random goes with url: true; with inText, write the word');
  } else if (typeof key === 'string' && key !== '' && key.trim() !== key) {
    document.report(['verification', 'key'], 'must not begin or end with blanks');
  }
}
