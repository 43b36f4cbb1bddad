import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { smsParts } from '../../gateway/bearers/sms-text.ts';
import { offLineUserPolicyFor, questionsAtLogin, waitingQuestion } from '../../gateway/policy/decide.ts';
import { LivePolicySets } from '../../gateway/policy/live-sets.ts';
import { policyCount, questionsOf } from '../../gateway/policy/model.ts';
import { formatProblem, type ParseOptions, parsePolicySet } from '../../gateway/policy/parse.ts';
import { alphabetOf } from '../../gateway/policy/sms-alphabet.ts';
import { smsLength } from '../../gateway/policy/sms-length.ts';
import { notificationValues, textFor } from '../../gateway/policy/text.ts';
import { LOGIN, MINIMAL, NOON, setOf } from './sample.ts';

const SEED = 20_261_123;
const KEEPS = 'kind: off-line-user\nid: keeps\n';
const ASKS = `kind: off-line-user
id: asks
version: 4
order: 50
applies: { users: ["wv:*@im.example"] }
keep: { messages: 3, bytes: 4096, for: 36h }
storeOn: [533, 604]
notify:
  bearer: sms
  text: { en: "{sender} to {user} at {vasp}: {count}" }
atLogin:
  message: { en: "{count} wait" }
  options:
    - { id: login, text: { en: In }, proceed: true }
    - { id: ignore, text: { en: Out }, deny: { en: "{count} stay." } }
`;
const offLineUser = (...texts: readonly string[]) => setOf(...texts).offLineUser;
const problemsOf = (text: string, options: Partial<ParseOptions>) => {
  const parsed = parsePolicySet([{ path: 'p.yaml', text }], { hash: (content) => content, ...options });
  return (parsed.kind === 'invalid' ? parsed.problems : []).map(formatProblem);
};

describe('a policy for users who are away', () => {
  test('gets the defaults where it writes nothing', () => {
    expect(offLineUser(KEEPS)).toEqual([
      {
        id: 'keeps',
        version: 1,
        order: 100,
        applies: {},
        keep: { messages: 100, bytes: 262_144, forMillis: 7 * 86_400_000 },
        storeOn: new Set([533, 410]),
      },
    ]);
    expect(offLineUser(`${KEEPS}notify: { bearer: sms, text: { en: Hello } }\n`)[0]?.notify).toEqual({
      bearer: 'sms',
      text: new Map([['en', 'Hello']]),
      atMostEveryMillis: 30 * 60_000,
    });
  });

  test('is what it writes; its question lets in whoever cannot be asked or does not answer, and keeps nothing', () => {
    const [policy] = offLineUser(ASKS);
    expect(policy).toMatchObject({
      id: 'asks',
      version: 4,
      order: 50,
      keep: { messages: 3, bytes: 4096, forMillis: 36 * 3_600_000 },
      storeOn: new Set([533, 604]),
      notify: { bearer: 'sms' },
      atLogin: {
        id: 'asks',
        version: 4,
        order: 50,
        purpose: 'notice',
        requiresResponse: true,
        timeoutMillis: 120_000,
        resend: 3,
        onTimeout: { kind: 'proceed' },
        withoutSystemMessages: { kind: 'proceed' },
        ask: { mode: 'every-login' },
        record: 'none',
        mode: 'enforce',
        options: [
          { id: 'login', outcome: { kind: 'proceed' } },
          { id: 'ignore', outcome: { kind: 'deny', texts: new Map([['en', '{count} stay.']]) } },
        ],
      },
    });
    expect(policy?.atLogin?.applies).toBe(policy?.applies);
  });

  test('without options shows its message and needs no answer', () => {
    const [policy] = offLineUser(`${KEEPS}atLogin: { message: { en: "{count} wait" } }\n`);
    expect(policy?.atLogin).toMatchObject({ options: [], requiresResponse: false });
  });

  test('takes sizes with a unit and without', () => {
    const bytes = (size: string) => offLineUser(`${KEEPS}keep: { bytes: ${size} }\n`)[0]?.keep.bytes;
    expect([bytes('1KiB'), bytes('1GiB'), bytes('2048'), bytes('"2048"'), bytes('10kB')]).toEqual([
      1024,
      1024 ** 3,
      2048,
      2048,
      10_000,
    ]);
  });

  test('names a bearer that is configured, where that is known', () => {
    const text = `${KEEPS}notify: { bearer: smss, text: { en: Hello } }\n`;
    const place = 'p.yaml:3:19: notify.bearer: the configuration has no bearer "smss"; it has ';
    expect(problemsOf(text, {})).toEqual([]);
    expect(problemsOf(text, { bearers: ['smss'] })).toEqual([]);
    expect(problemsOf(text, { bearers: ['push', 'sms'] })).toEqual([`${place}push, sms; did you mean "sms"?`]);
    expect(problemsOf(text, { bearers: [] })).toEqual([`${place}none`]);
  });

  test('is counted with the others, and comes in order', () => {
    const set = setOf(MINIMAL, KEEPS, ASKS, KEEPS.replace('keeps', 'aaa'));
    expect(set.offLineUser.map(({ id }) => id)).toEqual(['asks', 'aaa', 'keeps']);
    expect(policyCount(set)).toBe(4);
    expect(questionsOf(set).map(({ id }) => id)).toEqual(['sample', 'asks']);
  });

  test('keeps its set alive for as long as its question may be answered', () => {
    const [before, after] = [setOf(ASKS), setOf(MINIMAL)];
    const sets = new LivePolicySets(before);
    sets.replace(after, NOON);
    sets.sweep(NOON + 3 * 120_000 - 1);
    expect(sets.live()).toEqual([after, before]);
    sets.sweep(NOON + 3 * 120_000);
    expect(sets.live()).toEqual([after]);
  });
});

describe('whose messages are kept', () => {
  const set = setOf(
    ASKS.replace('order: 50', 'order: 5').replace('users: ["wv:*@im.example"]', 'vasps: [elsewhere]'),
    `${KEEPS.replace('keeps', 'old')}order: 6\napplies: { until: 2026-06-01T12:00:00Z }\n`,
    `${KEEPS.replace('keeps', 'alice')}order: 7\napplies: { users: ["wv:alice@*"], csp: ["1.1"], clients: ["none"] }\n`,
    `${KEEPS.replace('keeps', 'rest')}order: 8\napplies: { when: "user.domain == 'im.example'" }\n`,
  );
  test.each([
    ['wv:alice@im.example', 'friendly-im', NOON - 1, 'old'],
    ['wv:alice@im.example', 'friendly-im', NOON, 'alice'],
    ['WV:ALICE@im.example', 'friendly-im', NOON, 'alice'],
    ['wv:alice', 'friendly-im', NOON, 'alice'],
    ['wv:bob@else.example', 'friendly-im', NOON, 'rest'],
    ['wv:bob@else.example', 'elsewhere', NOON, 'asks'],
  ])('%s at %s: %#', (userId, vasp, now, id) => {
    expect(offLineUserPolicyFor(set, { userId, vasp }, now)?.id).toBe(id);
  });

  test('nobody is kept anything where no policy concerns them', () => {
    expect(offLineUserPolicyFor(setOf(ASKS), { userId: 'wv:bob@else.example', vasp: 'im' }, NOON)).toBeUndefined();
    expect(offLineUserPolicyFor(setOf(MINIMAL), { userId: 'wv:bob@im.example', vasp: 'im' }, NOON)).toBeUndefined();
  });
});

describe('who is asked at login', () => {
  const asks = (id: string, order: number, applies: string): string =>
    ASKS.replace('id: asks', `id: ${id}`)
      .replace('order: 50', `order: ${order}`)
      .replace('users: ["wv:*@im.example"]', applies);
  const idOf = (...texts: readonly string[]) => waitingQuestion(setOf(...texts), LOGIN, NOON)?.id;

  test('one question: that of the first policy by order which asks one and concerns the login', () => {
    expect(idOf(KEEPS, asks('b', 60, ''), asks('a', 61, ''))).toBe('b');
    expect(idOf(asks('b', 60, 'csp: ["1.1"]'), asks('a', 61, 'clients: ["http://client.*"]'))).toBe('a');
    expect(idOf(asks('b', 60, 'when: "user.name == \'bob\'"'))).toBeUndefined();
    expect(idOf(MINIMAL, KEEPS)).toBeUndefined();
  });

  test('a condition that fails at run time means that it does not apply, and is told', () => {
    const failed: string[] = [];
    const set = setOf(asks('broken', 1, 'when: "int(user.name) > 3"'), asks('b', 60, ''));
    expect(waitingQuestion(set, LOGIN, NOON, ({ id }) => failed.push(id))?.id).toBe('b');
    expect(failed).toEqual(['broken']);
  });

  test('in its place among the other questions, while something waits', () => {
    const at = (id: string, order: number) => `${MINIMAL.replace('sample', id)}order: ${order}\n`;
    const set = setOf(at('z', 50), at('a', 50), at('first', 1), at('last', 51), ASKS.replace('asks', 'm'));
    const ids = (messagesWaiting: number) => questionsAtLogin(set, LOGIN, NOON, messagesWaiting).map(({ id }) => id);
    expect(ids(1)).toEqual(['first', 'a', 'm', 'z', 'last']);
    expect(ids(0)).toEqual(['first', 'a', 'z', 'last']);
  });
});

describe('a notification', () => {
  test('says who wrote, to whom, where, and how many wait', () => {
    const [policy] = offLineUser(ASKS);
    const values = notificationValues({ userId: 'wv:bob@im.example', vasp: 'friendly-im' }, 'wv:{user}@im.example', 12);
    expect(textFor(policy?.notify?.text ?? new Map(), ['en'], values)).toBe(
      'wv:{user}@im.example to wv:bob@im.example at friendly-im: 12',
    );
  });

  test.each([
    ['', { characters: 0, most: 160, messages: 1 }],
    ['å'.repeat(160), { characters: 160, most: 160, messages: 1 }],
    ['a'.repeat(161), { characters: 161, most: 160, messages: 2 }],
    ['€'.repeat(80), { characters: 160, most: 160, messages: 1 }],
    ['€'.repeat(81), { characters: 162, most: 160, messages: 2 }],
    ['a'.repeat(307), { characters: 307, most: 160, messages: 3 }],
    ['č'.repeat(70), { characters: 70, most: 70, messages: 1 }],
    [`${'a'.repeat(70)}č`, { characters: 71, most: 70, messages: 2 }],
    ['😀'.repeat(36), { characters: 72, most: 70, messages: 2 }],
  ])('%# takes as many short messages as it is long', (text, expected) => {
    expect(smsLength(text)).toEqual(expected);
  });

  test(`is told to take as many as it is sent in (seed ${SEED})`, () => {
    const character = fc.constantFrom('a', 'å', '€', '[', '\n', 'Ω', '\f', 'č', '😀');
    const texts = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'å', '€', '['), maxLength: 500 }),
      fc.string({ unit: character, maxLength: 300 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(smsLength(text).messages).toBe(smsParts(text, alphabetOf(text), 1).length);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});
