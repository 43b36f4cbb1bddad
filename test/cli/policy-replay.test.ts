import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportedLine, FEES, LEVELS, NOTICE, Workspace, ZEROS } from './policy-harness.ts';

const space = new Workspace();
beforeAll(() => space.write({ 'old/levels.yaml': LEVELS, 'old/fees.yaml': FEES, 'old/notice.yaml': NOTICE }));
afterAll(() => space.remove());

/** A line of the export; the sequence number is also the second at which was decided. */
const line = (sequence: number, changes: Readonly<Record<string, unknown>> = {}): string =>
  exportedLine(sequence, {
    user: 'hash-of-alice',
    policy: 'fees',
    version: 2,
    option: 'pay',
    decidedAt: new Date(Date.UTC(2026, 4, 1, 0, 0, sequence)).toISOString(),
    ...changes,
  });

let folders = 0;
/** What becomes of some lines under a set with one policy in the place of the old `fees`. */
async function replay(lines: readonly string[], fees: string, ...words: readonly string[]) {
  const name = `new${++folders}`;
  space.write({ [`${name}/levels.yaml`]: LEVELS, [`${name}/fees.yaml`]: fees });
  return space.run(['replay', '-', space.at(name), ...words], lines.join('\n'));
}

const ANYBODY = FEES.replace('users: ["wv:*@im.example"], ', '');

describe('the latest decision of each user about a policy', () => {
  test.each([
    ['as it was', ANYBODY, {}, 'still counts, accepted before'],
    ['a new version', ANYBODY.replace('version: 2', 'version: 3'), {}, 'asked again, the version changed'],
    [
      'a new version, once',
      `${ANYBODY.replace('version: 2', 'version: 3')}ask: once\n`,
      {},
      'still counts, accepted before',
    ],
    ['every login', `${ANYBODY}ask: every-login\n`, {}, 'asked again, the policy asks at every login'],
    ['too long ago', `${ANYBODY}ask: { every: 30d }\n`, {}, 'asked again, it was accepted too long ago'],
    ['not too long ago', `${ANYBODY}ask: { every: 60d }\n`, {}, 'still counts, accepted before'],
    ['option gone', ANYBODY.replace(/^.*id: pay.*\n/m, ''), {}, 'asked again, the option is gone'],
    [
      'option denies',
      ANYBODY.replace('grant: full }', 'deny: { en: No, sv: Nej } }'),
      {},
      'asked again, the option denies now',
    ],
    ['policy gone', ANYBODY.replace('id: fees', 'id: other'), {}, 'not asked, the policy is gone'],
    ['observing', `${ANYBODY}mode: observe\n`, {}, 'not asked, the policy only observes'],
    ['another CSP', ANYBODY, { csp: '1.1' }, 'not asked, the policy does not concern the login any more'],
    [
      'another VASP',
      ANYBODY.replace('csp: [', 'vasps: [friendly-im], csp: ['),
      {},
      'not asked, the policy does not concern the login',
    ],
    [
      'period over',
      ANYBODY.replace('csp: [', 'until: 2026-06-01T12:00:00Z, csp: ['),
      {},
      'not asked, the policy does not concern the login',
    ],
    [
      'another level',
      ANYBODY.replace('grant: full }', 'grant: quiet }'),
      {},
      'still counts, accepted before; level full -> quiet, loses IMFeat, GroupFeat',
    ],
    ['depends on the user', FEES, {}, 'still counts, accepted before; depends on the user (users)'],
  ])('%s', async (_, fees, changes, expected) => {
    const { out, err, status } = await replay([line(1, changes)], fees, '--each');
    expect(out.split('\n')[0]).toContain(`1 hash-of-alice fees 2 pay: ${expected}`);
    expect([err, status]).toEqual(['', 0]);
  });

  test('is the one that was decided last, whatever the order of lines', async () => {
    const lines = [line(3, { option: 'look', level: 'quiet' }), line(2), line(4, { user: 'hash-of-bob' })];
    const { out } = await replay(lines, ANYBODY, '--each');
    expect(out.split('\n').slice(0, 3)).toEqual([
      '3 hash-of-alice fees 2 look: still counts, accepted before',
      '4 hash-of-bob fees 2 pay: still counts, accepted before',
      '3 lines: 2 decisions, the latest of each user and policy; 0 erased, 0 wrong',
    ]);
  });
});

describe('policy replay', () => {
  test('adds up by policy', async () => {
    const lines = [
      line(1),
      line(2, { user: 'hash-of-bob', option: 'look', level: 'quiet' }),
      line(3, { user: 'hash-of-carol', version: 1 }),
      line(4, { policy: 'notice', version: 1, outcome: 'shown', option: null, level: null }),
      JSON.stringify({ sequence: 5, erased: true, content: ZEROS, previous: ZEROS, hash: ZEROS }),
    ];
    const { out } = await replay(lines, FEES);
    expect(out.split('\n')).toEqual([
      '5 lines: 4 decisions, the latest of each user and policy; 1 erased, 0 wrong',
      '',
      'policy  records  still counts  asked again  not asked  level changes  depends on the user',
      'fees          3             2            1          0              0                    3',
      'notice        1             0            0          1              0                    0',
      '',
      'fees',
      '  1 with version 2, pay: still counts, accepted before',
      '  1 with version 2, look: still counts, accepted before',
      '  1 with version 1, pay: asked again, the version changed',
      '  as far as the policy concerns the user: a record does not tell users',
      '',
      'notice',
      '  1 with version 1: not asked, the policy is gone',
    ]);
  });

  test('with the old folder says what a level of the same name gains and loses', async () => {
    space.write({
      'wide/levels.yaml': LEVELS.replace('PresenceFeat]', 'PresenceFeat, IMReceiveFunc]'),
      'wide/fees.yaml': ANYBODY,
    });
    const words = ['replay', '-', space.at('wide'), '--old', space.at('old')];
    const { out } = await space.run(words, line(1, { option: 'look', level: 'quiet' }));
    expect(out).toContain(
      '1 with version 2, look: still counts, accepted before; level quiet -> quiet, gains IMReceiveFunc',
    );
  });

  test('as JSON, each decision on request', async () => {
    const sums = JSON.parse((await replay([line(1)], ANYBODY, '--json', '--at', '2026-12-01T00:00:00Z')).out);
    expect(sums).toMatchObject({
      at: '2026-12-01T00:00:00.000Z',
      lines: 1,
      erased: 0,
      wrong: 0,
      decisions: 1,
      policies: [
        {
          policy: 'fees',
          records: 1,
          counts: 1,
          askedAgain: 0,
          groups: [{ fate: 'counts', reason: 'remembered', count: 1 }],
        },
      ],
    });
    expect(sums).not.toHaveProperty('records');
    const each = JSON.parse((await replay([line(1)], ANYBODY, '--json', '--each')).out);
    expect(each).toMatchObject({ records: [{ decision: { user: 'hash-of-alice' }, fate: 'counts' }] });
  });

  test('lines that are no records are told by number, and the rest is replayed', async () => {
    space.write({ 'records.jsonl': `${line(1)}\nrubbish\n\n{"sequence":3}\n[]\n${line(6, { csp: '2.0' })}\n` });
    const { out, err, status } = await space.run(['replay', space.at('records.jsonl'), space.at('old')]);
    const expected = 'a line is one record, as `sapgw audit export` writes it';
    expect(err.split('\n')).toEqual([
      `records.jsonl:2: is no JSON; ${expected}`,
      `records.jsonl:4: lacks the key id; ${expected}`,
      `records.jsonl:5: is no JSON object; ${expected}`,
      `records.jsonl:6: has a value that no entry has: csp; ${expected}`,
    ]);
    expect(out).toContain('5 lines: 1 decision, the latest of each user and policy; 0 erased, 4 wrong');
    expect(status).toBe(1);
  });

  test('many wrong lines are counted, not all told', async () => {
    const { err } = await replay(
      Array.from({ length: 25 }, () => 'rubbish'),
      ANYBODY,
    );
    expect(err.split('\n')).toHaveLength(21);
    expect(err).toContain('standard input: 5 more lines are no records');
  });

  test('no records at all', async () => {
    expect(await replay([], ANYBODY)).toEqual({
      out: '0 lines: 0 decisions, the latest of each user and policy; 0 erased, 0 wrong',
      err: '',
      status: 0,
    });
  });

  test('a file that is not there is told with the next step', async () => {
    const { err, status } = await space.run(['replay', space.at('none.jsonl'), space.at('old')]);
    expect(err).toBe(
      'none.jsonl: cannot be read (ENOENT); name a file that `sapgw audit export` wrote, or - for standard input',
    );
    expect(status).toBe(2);
  });
});
