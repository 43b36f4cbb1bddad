import { describe, expect, test } from '@jest/globals';
import { characters, chooseLanguage, fill, LONGEST_VALUE, textFor, textValues } from '../../gateway/policy/text.ts';
import { LOGIN, policyOf } from './sample.ts';

const TEXTS = new Map([
  ['en', 'in English'],
  ['sv', 'på svenska'],
  ['pt-BR', 'em português'],
  ['zh-Hant', '中文'],
]);

describe('the language of a text', () => {
  test.each([
    [['sv'], 'sv'],
    [['SV'], 'sv'],
    [['sv-FI'], 'sv'],
    [['sv-Latn-FI-x-old'], 'sv'],
    [['pt-BR'], 'pt-BR'],
    [['pt'], 'pt-BR'],
    [['pt-PT'], 'pt-BR'],
    [['zh-Hant-HK'], 'zh-Hant'],
    [['fi'], 'en'],
    [['fi', 'sv'], 'sv'],
    [[undefined, 'sv'], 'sv'],
    [[undefined], 'en'],
    [[], 'en'],
    [[''], 'en'],
    [['-'], 'en'],
  ])('wanted %j: %s', (languages, expected) => {
    expect(chooseLanguage(TEXTS, languages)).toBe(expected);
  });

  test('the first language wanted wins over the first one written', () => {
    expect(textFor(TEXTS, ['sv-FI', 'en'], {})).toBe('på svenska');
  });
});

describe('placeholders', () => {
  test('are filled from the login and the charge', () => {
    const policy = policyOf('charge: { kind: currency, amount: "0.10", currency: EUR, per: message }\n');
    const values = textValues(policy, { ...LOGIN, userId: 'wv:alice@im.example' });
    expect(fill('{user} at {vasp}: {amount} {currency} a {per}', 'en', values)).toBe(
      'wv:alice@im.example at friendly-im: 0.10 EUR a message',
    );
  });

  test.each([
    ['en', '0.10', '0.10'],
    ['sv', '0.10', '0,10'],
    ['de', '1234.5', '1.234,5'],
    ['en-IN', '1234567', '12,34,567'],
    ['fr', '1234.00', '1\u{A0}234,00'],
    ['en', '123456789.123456', '123,456,789.123456'],
  ])('an amount is written as %s writes numbers: %s is %s', (language, amount, expected) => {
    expect(fill('{amount}', language, { amount })).toBe(expected);
  });

  test('a value cannot bring in another one, and other braces stay', () => {
    expect(fill('{user} {other} {', 'en', { user: '{vasp}', vasp: 'x' })).toBe('{vasp} {other} {');
  });

  test('a value is no pattern', () => {
    expect(fill('<{user}>', 'en', { user: '$& $1 $$' })).toBe('<$& $1 $$>');
  });

  test('a long value is cut where the check of lengths counted on', () => {
    const filled = fill('{user}', 'en', { user: '\u{1F600}'.repeat(500) });
    expect(characters(filled)).toBe(LONGEST_VALUE.user);
    expect(filled.endsWith('…')).toBe(true);
  });
});
