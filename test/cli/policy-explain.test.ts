import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FEES, LEVELS, NOTICE, Workspace } from './policy-harness.ts';

const space = new Workspace();
const ALICE = ['--user', 'wv:alice@im.example'];
beforeAll(() => space.write({ 'set/levels.yaml': LEVELS, 'set/fees.yaml': FEES, 'set/notice.yaml': NOTICE }));
afterAll(() => space.remove());

const explain = (...words: readonly string[]) => space.run(['explain', space.at('set'), ...words]);

describe('policy explain', () => {
  test('says what is asked, why, and what every choice leads to', async () => {
    const { out, err, status } = await explain(...ALICE, '--language', 'sv-FI');
    expect(out.split('\n')).toEqual([
      'wv:alice@im.example at sandbox, reads sv-FI',
      'by http://client.example/handset, CSP 1.3 in xml, which knows System Messages',
      'at 2026-06-01T12:00:00.000Z',
      '',
      'fees version 2, advice-of-charge, order 10: applies, asked',
      '  yes users: the user wv:alice@im.example matches wv:*@im.example',
      '  yes csp: CSP is 1.3',
      '  sv: 0,10 EUR per meddelande, wv:alice@im.example?',
      '    1 Betala (pay): grants full',
      '    2 Titta (look): grants quiet',
      '    3 Gå (leave): denies: Hej.',
      '  not answered in time: grants quiet',
      '  without System Messages: denies: Byt telefon.',
      '',
      'notice version 1, notice, order 100: applies, asked',
      '  yes until: 2026-06-01T12:00:00.000Z is before 2026-07-01T00:00:00.000Z',
      '  en: Closed in July.',
      expect.stringContaining('  not answered in time: denies: '),
      '  without System Messages: grants full',
      '',
      'The login is asked fees, notice',
      'By choice:',
      '  fees pay, notice acknowledged: goes on with the level full (everything)',
      '  fees look, notice acknowledged: goes on with the level quiet (FundamentalFeat, PresenceFeat)',
      '  fees leave, notice acknowledged: denied with 403 "Hej."',
      '  fees never answered, the others accepted: goes on with the level quiet (FundamentalFeat, PresenceFeat)',
      '  notice never answered, the others accepted: goes on with the level full (everything)',
      'Without System Messages: denied with 403 "Byt telefon."',
      'The default level, of a login that no policy concerns: full (everything)',
    ]);
    expect([err, status]).toEqual(['', 0]);
  });

  test('says which condition failed, and the default level when nothing applies', async () => {
    const { out } = await explain('--user', 'bob@elsewhere.example', '--csp', '1.1', '--at', '2026-07-01T00:00:00Z');
    expect(out).toContain(
      'fees version 2, advice-of-charge, order 10: does not apply\n  NO  users: the user bob@elsewhere.example matches none of wv:*@im.example\n  NO  csp: CSP 1.1 is none of 1.2, 1.3\n',
    );
    expect(out).toContain('NO  until: 2026-07-01T00:00:00.000Z is not before 2026-07-01T00:00:00.000Z');
    expect(out).toContain(
      'No policy concerns this login: it gets the default level, full\nThe login goes on with the level full',
    );
  });

  test('counts what was accepted before', async () => {
    const again = await explain(...ALICE, '--remembered', 'fees:2:look', '--remembered', 'notice:1');
    expect(again.out).toContain('fees version 2, advice-of-charge, order 10: applies, accepted before, not asked');
    expect(again.out).toContain('The login goes on with the level quiet (FundamentalFeat, PresenceFeat)');
    const older = await explain(
      ...ALICE,
      '--remembered',
      'fees:1:pay:2026-01-01T00:00:00Z',
      '--remembered',
      'notice:1',
    );
    expect(older.out).toContain('The login is asked fees\n');
  });

  test('a phone that does not know System Messages, or is said not to', async () => {
    for (const words of [['--csp', '1.2'], ['--no-system-messages']]) {
      const { out } = await explain(...ALICE, ...words);
      expect(out).toContain('fees version 2, advice-of-charge, order 10: applies, cannot be asked');
      expect(out).toContain('The login is denied with 403 "Use a newer phone."');
    }
    expect((await explain(...ALICE, '--csp', '1.2', '--system-messages')).out).toContain(
      'The login is asked fees, notice',
    );
  });

  test('the page and the conversation', async () => {
    const policy = (id: string, without: string): string =>
      FEES.replace('id: fees', `id: ${id}`).replace(/^withoutSystemMessages.*$/m, `withoutSystemMessages: ${without}`);
    space.write({
      'page/levels.yaml': LEVELS,
      'page/a.yaml': policy('paged', '{ deny: { en: "See {consentUrl}", sv: "Se {consentUrl}" } }'),
      'talk/levels.yaml': LEVELS,
      'talk/a.yaml': policy('talked', '{ converse: true }'),
    });
    const page = await space.run(['explain', space.at('page'), ...ALICE, '--csp', '1.2']);
    expect(page.out).toContain('The login is denied with 403 "See {consentUrl}"; on the page: asked paged');
    expect(page.out).toContain('paged look: goes on with the level quiet');
    const talk = await space.run(['explain', space.at('talk'), ...ALICE, '--csp', '1.2']);
    expect(talk.out).toContain('The login is asked talked in a conversation with the service contact');
    expect(talk.out).toContain('talked leave: denied with 403 "Bye."');
  });

  test('one choice at a time where there are too many combinations', async () => {
    const names = ['a', 'b', 'c', 'd'];
    space.write(Object.fromEntries(names.map((id) => [`many/${id}.yaml`, FEES.replace('id: fees', `id: ${id}`)])));
    space.write({ 'many/levels.yaml': LEVELS });
    const { out } = await space.run(['explain', space.at('many'), ...ALICE, '--json']);
    const { choices, isEveryCombination } = JSON.parse(out) as { choices: unknown[]; isEveryCombination: boolean };
    expect([choices.length, isEveryCombination]).toEqual([12, false]);
  });

  test('as JSON', async () => {
    const { out } = await explain(
      ...ALICE,
      '--csp',
      '1.2',
      '--encoding',
      'wbxml',
      '--vasp',
      'friendly-im',
      '--client',
      '+46701',
      '--json',
    );
    expect(JSON.parse(out)).toMatchObject({
      login: {
        userId: 'wv:alice@im.example',
        clientId: '+46701',
        vasp: 'friendly-im',
        encoding: 'wbxml',
        knowsSystemMessages: false,
      },
      policies: [
        {
          id: 'fees',
          applies: true,
          standing: 'cannot-ask',
          conditions: [
            { condition: 'users', holds: true },
            { condition: 'csp', holds: true },
          ],
          options: [
            { number: 1, id: 'pay', leadsTo: { kind: 'grant', level: 'full', services: ['WVCSPFeat'] } },
            {},
            {},
          ],
        },
        { id: 'notice' },
      ],
      outcome: { kind: 'deny', code: 403 },
      choices: [],
      defaultLevel: 'full',
    });
  });

  test.each([
    [['--user', 'a', '--remembered', 'feas:1:pay'], '--remembered: no policy has the id feas; did you mean fees?', 2],
    [['--user', 'a', '--remembered', 'fees'], 'An acceptance looks like aoc-messaging:3:accept', 1],
    [['--user', 'a', '--at', '2026-01-01'], 'A time has its zone, such as 2026-12-01T12:00:00Z.', 1],
    [['--user', 'a', '--csp', '1.4'], 'Allowed choices are 1.1, 1.2, 1.3.', 1],
    [['--user', 'a', '--vasps', 'x,,y'], '--vasps holds an empty name; write the names with commas between', 2],
    [[], "required option '--user <id>' not specified", 1],
  ])('%j is wrong use, and told', async (words, message, status) => {
    const ran = await explain(...words);
    expect(ran.err).toContain(message);
    expect(ran.status).toBe(status);
  });

  test('an invalid set is told with every problem', async () => {
    space.write({ 'wrong/a.yaml': FEES.replace('version', 'verison') });
    const { err, status } = await space.run(['explain', space.at('wrong'), ...ALICE]);
    expect(err).toContain('wrong/a.yaml:3:1: verison: unknown key "verison"; did you mean "version"?');
    expect(err).toContain('wrong: the policies are not valid; correct them, then try again');
    expect(status).toBe(1);
  });
});
