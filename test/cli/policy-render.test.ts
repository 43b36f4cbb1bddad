import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { columnsOf, wrap } from '../../gateway/policy/screen.ts';
import { FEES, LEVELS, NOTICE, Workspace } from './policy-harness.ts';

const space = new Workspace();
beforeAll(() => {
  const long = `${'Read this. '.repeat(12)}Accept?`;
  space.write({
    'set/levels.yaml': LEVELS,
    'set/fees.yaml': `${FEES}verification: { inText: { en: "Type GREEN.", sv: "Skriv GREEN." }, key: green }\n`,
    'set/long.yaml': NOTICE.replace('id: notice', 'id: long').replace('Closed in July.', long),
    'set/paged.yaml': NOTICE.replace('id: notice', 'id: paged').replace(
      /^without.*$/m,
      'withoutSystemMessages: { converse: true }',
    ),
  });
});
afterAll(() => space.remove());

const render = (...words: readonly string[]) => space.run(['render', '--folder', space.at('set'), ...words]);

describe('policy render', () => {
  test('draws the screen with options and challenge, counts, and tells the other texts', async () => {
    const { out, err, status } = await render('fees', '--language', 'en');
    expect(out).toBe(
      [
        'fees version 2, en',
        '  ┌──────────────────────────┐',
        '  │ 0.10 EUR a message,      │',
        '  │ wv:alice@im.example?     │',
        '  │                          │',
        '  │ 1 Pay                    │',
        '  │ 2 Look                   │',
        '  │ 3 Leave                  │',
        '  │                          │',
        '  │ Type GREEN.              │',
        '  │ [______________________] │',
        '  └──────────────────────────┘',
        '  message: 40 characters, at most 85; fits 128, fits 512',
        '  verification.inText: 11 characters',
        '  options.leave.deny: "Bye.", 4 characters; fits 128',
        '  withoutSystemMessages: "Use a newer phone.", 18 characters; fits 128',
        '  onTimeout: grants quiet',
        '',
      ].join('\n'),
    );
    expect([err, status]).toEqual(['', 0]);
  });

  test('every language, and the first where the wanted one is not there', async () => {
    const { out } = await render('fees');
    expect(out.match(/^fees version 2, \w+$/gm)).toEqual(['fees version 2, en', 'fees version 2, sv']);
    expect(out).toContain('0,10 EUR per');
    expect((await render('fees', '--language', 'fi')).out).toContain('fees version 2, en\n');
    expect((await render('fees', '--language', 'sv-FI')).out).toContain('fees version 2, sv\n');
  });

  test('marks where a phone may cut a long message', async () => {
    const { out } = await render('long');
    const drawn = out
      .split('\n')
      .filter((line) => line.startsWith('  │'))
      .map((line) => line.slice(4, -2).trim());
    const [before = ''] = drawn.join(' ').split('‖');
    expect(before.length).toBe(128);
    expect(out).toContain('‖ a phone that shows only 128 characters cuts here');
    expect(out).toContain('message: 139 characters; 11 past 128, fits 512');
  });

  test('says where a conversation takes the place of a text', async () => {
    expect((await render('paged')).out).toContain(
      'withoutSystemMessages: asks in a conversation with the service contact',
    );
  });

  test('as JSON', async () => {
    const { renderings } = JSON.parse((await render('--json')).out) as { renderings: readonly unknown[] };
    expect(renderings).toHaveLength(4);
    expect(renderings[0]).toMatchObject({
      policy: 'fees',
      language: 'en',
      message: { text: '0.10 EUR a message, wv:alice@im.example?', characters: 40, longest: 85 },
      isSurelyShown: true,
    });
  });

  test('a policy that is not there is wrong use', async () => {
    const { err, status } = await render('feas');
    expect(err).toBe('set: no policy has the id feas; did you mean fees?');
    expect(status).toBe(2);
  });
});

describe('wrapping', () => {
  test.each([
    ['a bb ccc', 4, ['a bb', 'ccc']],
    ['abcdefgh i', 3, ['abc', 'def', 'gh', 'i']],
    ['one\n\ntwo', 9, ['one', '', 'two']],
    ['', 5, ['']],
    ['日本語です', 6, ['日本語', 'です']],
    ['e\u0301e\u0301 e\u0301', 2, ['e\u0301e\u0301', 'e\u0301']],
  ])('%j in %d columns', (text, columns, expected) => {
    expect(wrap(text, columns)).toEqual(expected);
    for (const line of expected) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
  });
});
