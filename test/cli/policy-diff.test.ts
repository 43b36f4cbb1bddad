import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FEES, LEVELS, NOTICE, Workspace } from './policy-harness.ts';

const space = new Workspace();
let folders = 0;
beforeAll(() => space.write({ 'old/levels.yaml': LEVELS, 'old/fees.yaml': FEES, 'old/notice.yaml': NOTICE }));
afterAll(() => space.remove());

/** The old folder against one with these files in the place of its own. */
async function diff(files: Readonly<Record<string, string>>, ...words: readonly string[]) {
  const name = `new${++folders}`;
  const all = { 'levels.yaml': LEVELS, 'fees.yaml': FEES, 'notice.yaml': NOTICE, ...files };
  space.write(Object.fromEntries(Object.entries(all).map(([file, text]) => [`${name}/${file}`, text])));
  return space.run(['diff', space.at('old'), space.at(name), ...words]);
}

describe('policy diff', () => {
  test('comments, file names and the order of keys make no difference', async () => {
    const fees = `# new comment\n${FEES.replace('order: 10\n', '')}order: 10\n`;
    const { out, status } = await diff({ 'fees.yaml': fees }, '--exit-code');
    expect([out, status]).toEqual(['Nothing changes for anybody.', 0]);
  });

  test('a raised version asks everybody again', async () => {
    const fees = FEES.replace('version: 2', 'version: 3').replace('"0.10"', '"0.20"');
    const { out, status } = await diff({ 'fees.yaml': fees });
    expect(out.split('\n')).toEqual([
      'fees: changed',
      '  version: 2 -> 3',
      '  charge: 0.10 EUR a message -> 0.20 EUR a message',
      '  -> whoever accepted version 2 is asked again',
    ]);
    expect(status).toBe(0);
    expect((await diff({ 'fees.yaml': fees }, '--exit-code')).status).toBe(1);
  });

  const NOT_AGAIN = 'users who accepted are not asked again; raise `version` if they must agree to the change';
  test.each([
    ['a price', FEES.replace('"0.10"', '"0.20"'), `warning: ${NOT_AGAIN}`],
    ['a text', FEES.replace('a message, {user}', 'each, {user}'), `warning: ${NOT_AGAIN}`],
    [
      'a level',
      FEES.replace('grant: full }', 'grant: quiet }'),
      'whoever chose pay gets quiet in the place of full at the next login',
    ],
    ['an option gone', FEES.replace(/^.*id: look.*\n/m, ''), 'whoever chose look is asked again: the option is gone'],
    [
      'an option that denies',
      FEES.replace(/grant: quiet }/, 'deny: { en: No, sv: Nej } }'),
      'whoever chose look is asked again: it denies now',
    ],
    [
      'once',
      `${FEES.replace('version: 2', 'version: 3')}ask: once\n`,
      'warning: the version changed, but `ask: once` asks nobody again who ever accepted',
    ],
    ['every login', `${FEES}ask: every-login\n`, '-> everybody is asked at every login'],
    [
      'a version down',
      FEES.replace('version: 2', 'version: 1'),
      'warning: the version went down from 2 to 1; whoever accepted 1 once is not asked',
    ],
    ['observing', `${FEES}mode: observe\n`, '-> nobody is asked any more: it only observes'],
    [
      'whom it concerns',
      FEES.replace('users: ["wv:*@im.example"], ', ''),
      'applies.users: removed, was wv:*@im.example',
    ],
    ['a language', FEES.replace('?" }\noptions', '?", de: "{amount}?" }\noptions'), 'message.de: added, "{amount}?"'],
  ])('%s', async (_, fees, expected) => {
    expect((await diff({ 'fees.yaml': fees })).out).toContain(expected);
  });

  test('corrections that nobody agreed to need no new version', async () => {
    const { out } = await diff({ 'fees.yaml': `${FEES}timeout: 5m\n` });
    expect(out).toBe('fees: changed\n  timeout: 2m -> 5m');
  });

  test('from asking at every login, everybody is asked once more', async () => {
    space.write({
      'each/levels.yaml': LEVELS,
      'each/fees.yaml': `${FEES}ask: every-login\n`,
      'keep/levels.yaml': LEVELS,
      'keep/fees.yaml': FEES,
    });
    const { out } = await space.run(['diff', space.at('each'), space.at('keep')]);
    expect(out).toContain('-> everybody is asked once more: so far nothing was remembered');
  });

  test('new and gone policies, and levels by what they gain and lose', async () => {
    const levels = LEVELS.replace('PresenceFeat]', 'IMReceiveFunc]').replace('default: full', 'default: quiet');
    const late = NOTICE.replace('id: notice', 'id: late');
    const { out } = await diff({ 'levels.yaml': levels, 'notice.yaml': late });
    expect(out.split('\n')).toEqual([
      'The default level becomes quiet; it was full.',
      'level quiet: changed, gains IMReceiveFunc; loses PresenceFeat (used by default, fees)',
      'late: new, version 1',
      '  applies.until: 2026-07-01T00:00:00.000Z',
      '  message.en: "Closed in July."',
      '  -> everybody whom it concerns is asked',
      'notice: gone',
      '  -> nobody is asked any more',
    ]);
  });

  test('sample logins before and after', async () => {
    space.write({
      'users.txt':
        '# people\nwv:alice@im.example\nwv:bob@im.example, http://phone.example, 1.2, sv\ncarol@x - 1.1 # old\n',
    });
    const fees = FEES.replace('wv:*@im', 'wv:a*@im').replace('{user}?", sv', 'dear {user}?", sv');
    const { out } = await diff({ 'fees.yaml': fees }, '--users', space.at('users.txt'));
    expect(out.split('\n').slice(-9)).toEqual([
      'First logins at 2026-06-01T12:00:00.000Z, nothing accepted before:',
      '  wv:alice@im.example (CSP 1.3)',
      '    before: asked fees, notice',
      '    after:  asked fees, notice, with other texts',
      '  wv:bob@im.example (CSP 1.2)',
      '    before: denied with 403 "Byt telefon."',
      '    after:  goes on with the level full (everything)',
      '  carol@x (CSP 1.1): as before, goes on with the level full (everything)',
      '2 logins of 3 would see something else',
    ]);
  });

  test('as JSON', async () => {
    const { out } = await diff({ 'fees.yaml': FEES.replace('version: 2', 'version: 3') }, '--json');
    expect(JSON.parse(out)).toMatchObject({
      equal: false,
      levels: [],
      policies: [
        { kind: 'changed', id: 'fees', version: 3, differences: [{ key: 'version', before: '2', after: '3' }] },
      ],
      logins: [],
    });
  });

  test('what cannot be read is told with the next step', async () => {
    const nowhere = await space.run(['diff', space.at('nowhere'), space.at('old')]);
    expect([nowhere.err, nowhere.status]).toEqual(['nowhere: there is no such folder', 2]);
    space.write({ 'wrong.txt': 'wv:a@b x 1.4\n\n- x\na b 1.3 sv more\n' });
    const wrong = await diff({}, '--users', space.at('wrong.txt'));
    expect(wrong.err.split('\n')).toEqual([
      'wrong.txt:1: the third column is the version of CSP: 1.1, 1.2, 1.3, not 1.4',
      'wrong.txt:3: a line begins with a user id, such as wv:alice@im.example',
      'wrong.txt:4: a line has at most four columns: user, client, csp, language',
    ]);
    expect(wrong.status).toBe(2);
    const missing = await diff({}, '--users', space.at('missing.txt'));
    expect(missing.err).toBe('missing.txt: cannot be read (ENOENT); name a file with one user id a line');
  });
});
