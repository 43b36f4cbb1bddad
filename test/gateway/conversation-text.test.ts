/** The pure parts of a conversation: how a question is written, and what a text of the user means [X21]. */
import { describe, expect, test } from '@jest/globals';
import { pagesOf, readAnswer } from '../../gateway/conversation/question-text.ts';
import { goesOnlyTo, serviceContactFor } from '../../gateway/conversation/text-messages.ts';
import { wordsFor } from '../../gateway/conversation/words.ts';
import type { SystemMessage } from '../../gateway/csp/system-message.ts';
import { textTo } from './conversation-phone.ts';

const QUESTION: SystemMessage = {
  id: 'token',
  requiresResponse: true,
  text: 'Do you accept?',
  options: ['I accept', 'Presence only', 'Avböj', '10 EUR'],
};
const IN_TEXT = { ...QUESTION, verificationInText: 'Type GREEN.' };
const BY_URL = { ...QUESTION, verificationUrl: 'https://im.example/word/x' };

describe('an answer', () => {
  test.each([
    ['1', '1'],
    [' 2 ', '2'],
    ['3.', '3'],
    ['2)', '2'],
    ['i ACCEPT', '1'],
    ['iaccept', '1'],
    ['Presence   only!', '2'],
    ['AVBÖJ', '3'],
    ['Avbo\u0308j', '3'],
    ['10 eur', '4'],
    ['5', undefined],
    ['0', undefined],
    ['01', undefined],
    ['-1', undefined],
    ['1 2', undefined],
    ['', undefined],
    ['   ', undefined],
    ['.', undefined],
    ['accept', undefined],
    ['1e0', undefined],
    ['99999999999', undefined],
  ])('%j chooses %s', (text, option) => {
    expect(readAnswer(text, QUESTION, undefined)).toEqual({
      chosenOptionId: option,
      verificationKey: undefined,
      lacksWord: false,
    });
  });

  test.each([
    ['1 green', '1', 'green'],
    ['1. dark green', '1', 'dark green'],
    ['i accept GREEN', '1', 'GREEN'],
    ['10 EUR green', '4', 'green'],
  ])('%j chooses %s and says the word %s', (text, option, word) => {
    const read = { chosenOptionId: option, verificationKey: word, lacksWord: false };
    expect(readAnswer(text, IN_TEXT, undefined)).toEqual(read);
    expect(readAnswer(text, BY_URL, undefined)).toEqual(read);
    // Whoever chose before may choose anew.
    expect(readAnswer(text, BY_URL, '2')).toEqual(read);
  });

  test('a choice without the word lacks it; then the whole text is the word', () => {
    expect(readAnswer('2', IN_TEXT, undefined)).toMatchObject({ chosenOptionId: '2', lacksWord: true });
    expect(readAnswer('deep green', IN_TEXT, '2')).toMatchObject({
      chosenOptionId: '2',
      verificationKey: 'deep green',
    });
    expect(readAnswer('1', IN_TEXT, '2')).toMatchObject({
      chosenOptionId: '2',
      verificationKey: '1',
      lacksWord: false,
    });
  });

  test('to a message without options is anything, or its word', () => {
    const notice = { ...QUESTION, options: [] };
    expect(readAnswer('ok', notice, undefined)).toMatchObject({
      chosenOptionId: undefined,
      verificationKey: undefined,
    });
    expect(readAnswer('green', { ...notice, verificationInText: 'x' }, undefined)).toMatchObject({
      verificationKey: 'green',
    });
  });
});

describe('a question', () => {
  const words = wordsFor('en-GB');

  test('holds the text, the numbered options, the challenge and how to answer', () => {
    expect(pagesOf('question', IN_TEXT, words)).toEqual([
      'Do you accept?\n\n1 I accept\n2 Presence only\n3 Avböj\n4 10 EUR\n\nType GREEN.\n\nReply with the number of your answer, a blank, and the word.',
    ]);
    expect(pagesOf('question', BY_URL, words)[0]).toMatch(/4 10 EUR\n\nReply with the number of your answer\.$/);
    expect(pagesOf('word', BY_URL, words)).toEqual([
      'Open https://im.example/word/x and reply with the word that you see there.',
    ]);
    expect(pagesOf('wrong-word', IN_TEXT, words)[0]).toMatch(/^That is not the right word\.\n\nDo you accept\?/);
  });

  test('that only tells something says no more than that', () => {
    expect(pagesOf('question', { ...QUESTION, options: [], requiresResponse: false }, words)).toEqual([
      'Do you accept?',
    ]);
  });

  test('is cut between words, and never longer than a phone shows', () => {
    const text = `${'word '.repeat(150)}${'x'.repeat(600)} ${'ö'.repeat(100)}`;
    for (const most of [undefined, 1, 200]) {
      const pages = pagesOf('question', { ...QUESTION, text }, words, most);
      const bytes = most === undefined ? 1024 : Math.max(most, 128);
      for (const page of pages) {
        expect([...page].length).toBeLessThanOrEqual(512);
        expect(Buffer.byteLength(page)).toBeLessThanOrEqual(bytes);
        expect(page.trim()).not.toBe('');
      }
      expect(pages.join('').replace(/\s/g, '')).toContain(text.replace(/\s/g, ''));
    }
  });
});

test.each(['en', 'sv', 'de'])('the gateway has all its words in %s, short enough for any phone', (language) => {
  const words = wordsFor(language);
  const sentences = Object.values(words).map((word) => (typeof word === 'string' ? word : word('X')));
  expect(sentences.length).toBeGreaterThan(10);
  for (const sentence of sentences) expect(sentence).toMatch(/^.{5,120}\.$/);
  expect(wordsFor('fi')).toBe(wordsFor('en'));
  expect(language === 'en' || words.thanks !== wordsFor('en').thanks).toBe(true);
});

describe('the service contact', () => {
  test.each([
    ['wv:juliet@im.example', 'wv:service@im.example'],
    ['JULIET@IM.example', 'wv:service@im.example'],
    ['wv:juliet', 'wv:service'],
  ])('of %s is %s', (user, contact) => {
    expect(serviceContactFor(undefined, user)).toBe(contact);
    expect(serviceContactFor('wv:ops@im.example', user)).toBe('wv:ops@im.example');
  });

  test.each([
    ['wv:service@im.example', true],
    ['WV:Service@IM.EXAMPLE', true],
    ['service', true],
    ['wv:service@other.example', false],
    ['wv:services@im.example', false],
    ['', false],
  ])('is meant by %j: %s', (to, meant) => {
    expect(goesOnlyTo('wv:service@im.example', textTo(to, '1'))).toBe(meant);
  });
});
