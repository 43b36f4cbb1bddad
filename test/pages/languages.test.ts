/** Which language a page is in, by what a browser asks for. */
import { describe, expect, test } from '@jest/globals';
import { acceptedLanguages, isTag, nameOf } from '../../gateway/pages/languages.ts';
import { timeInWords, WORD_TABLES, wordsFor } from '../../gateway/pages/words.ts';

describe('Accept-Language', () => {
  test.each([
    ['', []],
    ['sv', ['sv']],
    ['de;q=0.3, sv-FI;q=0.8, en', ['en', 'sv-FI', 'de']],
    ['en;q=0.5,sv;q=0.5', ['en', 'sv']],
    ['*, sv;q=0', []],
    ['sv; q=0.1 , en ; q=1.000', ['en', 'sv']],
    ['sv;level=1;q=0.2, de;q=0.3', ['de', 'sv']],
    ['sv;q=2, en;q=x, de;q=0.1234, fr;q=-1', []],
    ['<script>, "en", sv_SE, de', ['de']],
    [`${'aa,'.repeat(100)}sv`, Array.from({ length: 32 }, () => 'aa')],
  ])('%s', (header, expected) => {
    expect(acceptedLanguages(header)).toEqual(expected);
  });

  test('what is a tag', () => {
    expect(['sv', 'zh-Hant-TW', 'de-1996'].filter(isTag)).toHaveLength(3);
    expect(['', 'a', 's v', 'sv"', `sv${'-abcdefgh'.repeat(9)}`].filter(isTag)).toEqual([]);
  });

  test('languages are called what their speakers call them', () => {
    expect(['sv', 'de', 'ar'].map(nameOf)).toEqual(['svenska', 'Deutsch', 'العربية']);
  });
});

describe('the words of the pages', () => {
  test('every language says everything, with the same numbers and times in it', () => {
    const [english, ...others] = WORD_TABLES;
    for (const table of others) {
      for (const [key, text] of Object.entries(english ?? {})) {
        const said = Object.entries(table).find(([name]) => name === key)?.[1] ?? '';
        expect(said).not.toBe('');
        const holes = (one: string): readonly string[] => (one.match(/\{\w+\}/g) ?? []).sort();
        expect({ key, holes: holes(String(said)) }).toEqual({ key, holes: holes(String(text)) });
      }
    }
  });

  test('the first language that there are words in, at last English', () => {
    expect(wordsFor(['fi', 'de-AT', 'sv']).language).toBe('de');
    expect(wordsFor(['fi']).language).toBe('en');
  });

  test.each([
    ['en', 119_999, 'down', '119 seconds'],
    ['en', 120_000, 'down', '2 minutes'],
    ['en', 1_001, 'up', '2 seconds'],
    ['sv', 1, 'down', '1 sekund'],
    ['de', 7 * 86_400_000, 'down', '7 Tage'],
    ['de', 5_400_000, 'up', '90 Minuten'],
    ['en', 0, 'up', '1 second'],
  ] as const)('%s, %d ms, %s: %s', (language, millis, round, expected) => {
    expect(timeInWords(wordsFor([language]), millis, round)).toBe(expected);
  });
});
