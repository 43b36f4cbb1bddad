/**
 * What a user can tell the service contact besides an answer [X46]: a few short phrases, in English and in the other
 * languages that the gateway knows. They are read as people type them on a phone: case, blanks, quotation marks around them
 * and what stands behind them do not matter, and a German or Swedish letter may be missing its dots.
 */

export type Command = 'help' | 'inbox' | 'help-on' | 'help-off' | 'help-status';

/** Without blanks and diacritics, in lower case. */
const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['help', 'help'],
  ['?', 'help'],
  ['inbox', 'inbox'],
  ['helpon', 'help-on'],
  ['helpoff', 'help-off'],
  ['helpstatus', 'help-status'],
  ['hjalp', 'help'],
  ['inkorg', 'inbox'],
  ['inkorgen', 'inbox'],
  ['hjalppa', 'help-on'],
  ['hjalpav', 'help-off'],
  ['hjalpstatus', 'help-status'],
  ['hilfe', 'help'],
  ['posteingang', 'inbox'],
  ['eingang', 'inbox'],
  ['hilfean', 'help-on'],
  ['hilfeein', 'help-on'],
  ['hilfeaus', 'help-off'],
  ['hilfestatus', 'help-status'],
]);

/** No phrase is longer, whatever stands around it. */
const LONGEST_CHARACTERS = 64;

/** The command that a whole text is; undefined for anything else. */
export function readCommand(text: string): Command | undefined {
  const trimmed = text.trim();
  if (trimmed.length > LONGEST_CHARACTERS) return undefined;
  return COMMANDS.get(comparable(trimmed));
}

function comparable(text: string): string {
  const plain = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\s\p{M}]+/gu, '')
    .replace(/^["'„“”‚‘’«»]+|["'„“”‚‘’«».,!]+$/gu, '');
  return plain.length > 1 ? plain.replace(/\?+$/, '') : plain;
}
