/** What the service contact understands and says [X46], in every language that it knows. */
import { describe, expect, test } from '@jest/globals';
import { readCommand } from '../../gateway/conversation/contact-commands.ts';
import { type ContactWords, contactWords } from '../../gateway/conversation/contact-words.ts';
import { characters } from '../../gateway/policy/text.ts';

describe('commands', () => {
  test.each([
    ['help', ['help', 'HELP', ' Help. ', 'help!', 'help?', '?', 'hjälp', 'Hja\u0308lp', 'hjalp', 'Hilfe', '"help"']],
    ['inbox', ['inbox', 'In Box', 'INBOX.', 'inkorg', 'Inkorgen', 'Posteingang', '„Posteingang“', 'eingang']],
    [
      'help-on',
      ['help on', 'helpon', 'Help  On.', 'ｈｅｌｐ on', 'hjälp på', 'hjalp pa', 'Hilfe an', 'Hilfe ein', 'help\non'],
    ],
    ['help-off', ['help off', 'HELP OFF', 'help off .', 'hjälp av', 'Hilfe aus', '»Hilfe aus«']],
    ['help-status', ['help status', 'help status?', 'hjälp status', 'Hilfe Status', 'Hilfestatus.']],
  ])('%s', (command, texts) => {
    for (const text of texts) expect([text, readCommand(text)]).toEqual([text, command]);
  });

  test.each([
    '',
    ' ',
    '.',
    '??',
    '1',
    'help me',
    'no help',
    'helpless',
    'inbox 2',
    'on',
    'off',
    `help${' '.repeat(9)}x`,
  ])('%j is none', (text) => expect(readCommand(text)).toBeUndefined());

  test('a text of any length is looked at in no time, and is none when it is long', () => {
    expect(readCommand(`${' '.repeat(1_000_000)}help${'.'.repeat(1_000_000)}`)).toBeUndefined();
    expect(readCommand(`${' '.repeat(1_000_000)}help`)).toBe('help');
  });
});

const LONG = '\u{1F600}'.repeat(2000);
const LONG_URL = `https://im.operator.example/${'x'.repeat(228)}`;

/** Every sentence, with values as long as can be. */
function longest(words: ContactWords): readonly string[] {
  const fixed = Object.values(words).filter((word): word is string => typeof word === 'string');
  return [
    ...fixed,
    words.help(LONG_URL),
    words.help(LONG),
    words.inboxFollows(1_000_000_000),
    words.chosen(LONG),
    words.notUnderstood(LONG_URL),
    words.couldNotAddContact(LONG),
    words.couldNotChangePresence(LONG),
  ];
}

describe.each(['en', 'sv', 'de'])('words in %s', (language) => {
  const words = contactWords(language);

  test('all fit 480 characters, whatever is put in', () => {
    for (const text of longest(words)) expect(characters(text)).toBeLessThanOrEqual(480);
    expect(words.couldNotAddContact(LONG)).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
  });

  test('what help tells a user to write is understood', () => {
    const told = words.help(undefined).split(/[:;]/).slice(1);
    const commands = told.map((one) => readCommand(one.split(' - ', 1)[0] ?? ''));
    expect(commands).toEqual(['inbox', 'help-on', 'help-off', 'help-status', 'help']);
  });

  test('so is every word in quotation marks', () => {
    const sentences = [words.helpIsOn, words.helpIsOff, words.helpTurnedOn, words.helpTurnedOff];
    const quoted = (text: string): readonly (string | undefined)[] =>
      [...text.matchAll(/["„](.+?)["“]/g)].map(([, one]) => readCommand(one ?? ''));
    expect(sentences.map(quoted)).toEqual([['help-off'], ['inbox', 'help-on'], ['help-off'], ['help-on']]);
    expect(quoted(words.notUnderstood(undefined))).toEqual(['help']);
  });

  test("the page's address stands whole on a line of its own sentence, or not at all", () => {
    for (const say of [words.help, words.notUnderstood]) {
      expect(say(LONG_URL).endsWith(LONG_URL)).toBe(true);
      expect(say(`${LONG_URL}x`)).toBe(say(undefined));
    }
  });

  test('values are named', () => {
    expect(words.chosen('Add')).toMatch(/: Add$/);
    expect(words.couldNotAddContact('wv:bob@sandbox')).toContain('wv:bob@sandbox');
    expect(words.couldNotChangePresence('wv:bob@sandbox')).toContain('wv:bob@sandbox');
    expect([words.inboxFollows(1), words.inboxFollows(12)].map((text) => /\d+/.exec(text)?.[0])).toEqual(['1', '12']);
  });
});

test('a language is known by its primary tag, and English serves where it is not', () => {
  expect(contactWords('SV-fi')).toBe(contactWords('sv'));
  expect(contactWords('fr')).toBe(contactWords('en'));
  expect(contactWords('')).toBe(contactWords('en'));
});
