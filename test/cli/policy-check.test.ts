import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FEES, LEVELS, NOTICE, Workspace } from './policy-harness.ts';

const space = new Workspace();
const CONFIG = 'vasps:\n  friendly-im:\n    url: http://10.0.0.5:80/imps\n    paths: ["/"]\n';
beforeAll(() => {
  space.write({
    'set/notice.yaml': NOTICE.replace('applies: {', 'applies: { vasps: [frendly-im],'),
    'gateway.yaml': CONFIG,
    'broken.yaml': 'vasp: {}\n',
  });
});
afterAll(() => space.remove());

describe('policy check', () => {
  const NAMED =
    'set/notice.yaml:5:20: applies.vasps[0]: the configuration has no VASP "frendly-im"; did you mean "friendly-im"?';
  test.each([
    ['no gateway named', [], '1 file: 0 problems, 0 warnings', 0],
    ['names', ['--vasps', 'sandbox, friendly-im'], `${NAMED}\n1 file: 1 problem, 0 warnings`, 1],
    ['a configuration', ['--config', 'gateway.yaml'], `${NAMED}\n1 file: 1 problem, 0 warnings`, 1],
  ])('with %s', async (_, words, expected, status) => {
    const placed = words.map((word) => (word === 'gateway.yaml' ? space.at(word) : word));
    expect(await space.run(['check', space.at('set'), ...placed])).toEqual({ out: expected, err: '', status });
  });

  test('a configuration that is wrong is told instead', async () => {
    const { out, err, status } = await space.run(['check', space.at('set'), '--config', space.at('broken.yaml')]);
    expect(out).toBe('');
    expect(err).toContain('broken.yaml:1:1: vasp: unknown key "vasp"; did you mean "vasps"?');
    expect(status).toBe(2);
  });

  test('the page of the gateway needs an address that users reach', async () => {
    const without = 'withoutSystemMessages: { deny: { en: "See {consentUrl}" } }';
    space.write({ 'page/notice.yaml': NOTICE.replace(/^without.*$/m, without) });
    const { out, status } = await space.run(['check', space.at('page'), '--config', space.at('gateway.yaml')]);
    expect(out).toContain('{consentUrl} needs a publicUrl in the configuration');
    expect(status).toBe(1);
  });
});

describe('policy test, by the judge of real logins', () => {
  const without = (ruling: string): string =>
    FEES.replace(/^withoutSystemMessages.*$/m, `withoutSystemMessages: ${ruling}`);
  const PAGE = without('{ deny: { en: "See {consentUrl}", sv: "Se {consentUrl}" } }');
  const cases = (lines: string): string =>
    `kind: policy-tests\ncases:\n  - name: it\n    login: { user: wv:a@im.example, csp: "1.2" }\n    ${lines.replaceAll('\n', '\n    ')}\n`;

  test.each([
    [
      'sent to the page',
      PAGE,
      'expect: { ask: [{ policy: fees, options: [Pay, Look, Leave] }], deny: "See {consentUrl}" }',
    ],
    [
      'answered on the page',
      PAGE,
      'answers: { fees: look }\nexpect: { ask: [{ policy: fees }], grant: quiet, recorded: [fees] }',
    ],
    ['only asked on the page', PAGE, 'expect: { ask: [{ policy: fees }] }'],
    [
      'asked in a conversation',
      without('{ converse: true }'),
      'expect: { ask: [{ policy: fees, text: "0.10 EUR a message, wv:a@im.example?" }] }',
    ],
    ['declined in a conversation', without('{ converse: true }'), 'answers: { fees: leave }\nexpect: { deny: Bye. }'],
    [
      'never answered in a conversation',
      without('{ converse: true }'),
      'answers: { fees: { never: true } }\nexpect: { grant: quiet }',
    ],
    [
      'a word from the page',
      `${without('{ converse: true }')}verification: { url: true, key: random }\n`,
      'answers: { fees: pay }\nexpect: { grant: full }',
    ],
    [
      'a wrong word',
      `${without('{ converse: true }')}verification: { url: true, key: random }\n`,
      'answers: { fees: { option: pay, key: wrong } }\nexpect: { ask: [{ policy: fees }] }',
    ],
  ])('%s', async (name, fees, lines) => {
    const folder = name.replaceAll(' ', '-');
    space.write({
      [`${folder}/levels.yaml`]: LEVELS,
      [`${folder}/a.yaml`]: fees,
      [`${folder}/a.test.yaml`]: cases(lines),
    });
    const { out, status } = await space.run(['test', space.at(folder)]);
    expect(out).toContain('ok     it\n');
    expect(out).toContain('1 test passed, 0 failed');
    expect(status).toBe(0);
  });

  test('tells the options and rulings that no passing test came to', async () => {
    space.write({
      'less/levels.yaml': LEVELS,
      'less/a.yaml': FEES,
      'less/a.test.yaml': cases('expect: { deny: Use a newer phone. }'),
    });
    expect((await space.run(['test', space.at('less')])).out.split('\n')).toEqual([
      'ok     it',
      'warning: no passing test covers fees/pay, fees/look, fees/leave',
      'warning: no passing test reaches fees/onTimeout',
      '1 test passed, 0 failed',
    ]);
    const { out } = await space.run(['test', space.at('less'), '--json']);
    expect(JSON.parse(out)).toMatchObject({
      files: 1,
      untested: ['fees/pay', 'fees/look', 'fees/leave'],
      unreached: ['fees/onTimeout'],
    });
  });
});

test.each(['check', 'test', 'explain', 'render', 'diff', 'replay', 'schema'])(
  'policy %s --help has an example of it',
  async (name) => {
    const { out, status } = await space.run([name, '--help']);
    expect(out).toMatch(new RegExp(`^Examples?:\\n  .*sapgw policy ${name}\\b`, 'm'));
    expect(status).toBe(0);
  },
);
