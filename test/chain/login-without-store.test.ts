/**
 * Logins while the store cannot be had, wherever it fails: nothing reaches a VASP whose answers were not claimed, nobody is told
 * of a session that is not kept, who can be asked is asked, and when the store is back nobody is worse off than before.
 */
import { describe, expect, test } from '@jest/globals';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { SPELLINGS, type Spelling, USER_ID } from '../gateway/messages.ts';
import { type Answer, type Loss, type PhoneOptions, type Place, StorelessPhone } from './storeless-phone.ts';

const LEVELS = `kind: service-levels
default: full
levels:
  full: { grant: [WVCSPFeat] }
  presence-only: { grant: [FundamentalFeat, PresenceFeat] }
`;
const aoc = (withoutSystemMessages = 'deny: { en: Use a newer phone. }', ask = 'on-change') => `kind: off-line-service
id: aoc
version: 1
purpose: advice-of-charge
order: 10
message: { en: "Messages cost EUR 0.10 each. Accept?" }
options:
  - { id: accept, text: { en: Accept }, grant: full }
  - { id: presence, text: { en: Presence only }, grant: presence-only }
  - { id: decline, text: { en: Decline }, deny: { en: You declined the charges. } }
requiresResponse: true
timeout: 2m
resend: 3
onTimeout: { deny: { en: No answer was received in time. } }
ask: ${ask}
withoutSystemMessages: { ${withoutSystemMessages} }
`;
const QUESTION = { text: 'Messages cost EUR 0.10 each. Accept?', options: ['Accept', 'Presence only', 'Decline'] };
const [ACCEPT, PRESENCE, DECLINE] = [1, 2, 3];

const LOSSES: readonly Loss[] = ['not-done', 'unheard'];
/** What a login needs before it is decided. */
const READS: readonly Place[] = ['negotiations.pass', 'negotiations.window', 'negotiations.spent'];
const XML: Spelling = { version: '1.3', encoding: 'xml' };
const spelt = ({ version, encoding }: Spelling) => `CSP ${version}, ${encoding}`;

const asking = (spelling: Spelling = XML, options: Partial<PhoneOptions> = {}) =>
  new StorelessPhone(spelling, { policies: [LEVELS, aoc()], ...options });

function expectAsked(answer: Answer, code = '403'): string {
  expect(answer).toMatchObject({ statusCode: 200, primitive: 'Login-Response', code, session: undefined });
  expect(answer.asked).toEqual([{ id: expect.stringMatching(/^[\w-]{48}$/), ...QUESTION }]);
  return answer.asked[0]?.id ?? '';
}

/** 503 and, in the version that has a word for it, when to try again; nothing else. */
function expectBusy(answer: Answer, { version }: Spelling = XML): void {
  expect(answer).toEqual({
    statusCode: 200,
    primitive: 'Login-Response',
    code: '503',
    description: 'The service is busy. Please try again later.',
    asked: [],
    tryAgain: version === '1.3' ? '60' : undefined,
    session: undefined,
  });
}

/** The client is told of a session; it is kept, and so is what was accepted. */
async function expectIn(
  { rig }: StorelessPhone,
  answer: Answer,
  options: readonly string[] = ['accept'],
): Promise<void> {
  const user = userKeyOf(rig.secrets, { name: 'verona' }, USER_ID);
  expect(answer).toMatchObject({ code: '200', session: expect.stringMatching(/^session-/), asked: [] });
  expect((await rig.store.sessions.ofUser(user)).size).toBeGreaterThan(0);
  expect((await rig.store.acceptances.of(user)).map(({ option }) => option)).toEqual(options);
}

/** How many decisions of this user are recorded. */
async function recordsOf({ rig }: StorelessPhone): Promise<number> {
  return (await rig.store.audit.recordsOf(userKeyOf(rig.secrets, { name: 'verona' }, USER_ID))).length;
}

const outcomes = ({ rig }: StorelessPhone) =>
  rig.metrics.flatMap(([name, , outcome]) => (name === 'login' ? [outcome] : []));

describe('a user who is to be asked, while the store fails', () => {
  const places: readonly Place[] = [...READS, 'waiting.end', 'negotiations.keepWindow', 'negotiations.claim'];
  const rows = places.flatMap((place) => LOSSES.map((loss) => ({ place, loss })));
  test.each(rows)('at $place, $loss: is asked, and the answer lets in once it is back', async ({ place, loss }) => {
    for (const spelling of SPELLINGS) {
      const phone = asking(spelling);
      phone.lose(loss, place);
      const id = expectAsked(await phone.login());
      expect([[...phone.failed], phone.forwarded]).toEqual([[place], 0]);
      phone.back();
      await expectIn(phone, await phone.login([[id, ACCEPT]]));
      expect(phone.events).toEqual(['claimed', 'forwarded']);
      expect(await recordsOf(phone)).toBe(1);
    }
  });

  test.each(SPELLINGS.map((spelling) => [spelt(spelling), spelling] as const))(
    'everywhere, %s: is asked with the same question each time, and the first one may be answered',
    async (_name, spelling) => {
      const phone = asking(spelling, { askingCode: 902 });
      phone.lose('not-done');
      const ids = [expectAsked(await phone.login(), '902'), expectAsked(await phone.login(), '902')];
      expect(new Set(ids).size).toBe(2);
      expect(outcomes(phone)).toEqual(['asked', 'asked']);
      phone.back();
      await expectIn(phone, await phone.login([[ids[0], PRESENCE]]), ['presence']);
      expect(phone.forwarded).toBe(1);
    },
  );

  test('whose acceptance is not known then is asked, and remembered again afterwards', async () => {
    const phone = asking();
    const id = expectAsked(await phone.login());
    await expectIn(phone, await phone.login([[id, ACCEPT]]));
    phone.lose('not-done');
    expectAsked(await phone.login());
    for (const place of ['acceptances.of', 'negotiations.pass'] as const) {
      phone.lose('not-done', place);
      expectAsked(await phone.login());
    }
    expect(phone.forwarded).toBe(1);
    phone.back();
    await expectIn(phone, await phone.login());
    expect([phone.forwarded, await recordsOf(phone)]).toEqual([2, 1]);
  });

  test('who declines is denied, and may think again', async () => {
    const phone = asking();
    const id = expectAsked(await phone.login());
    phone.lose('not-done');
    expect(await phone.login([[id, DECLINE]])).toMatchObject({ code: '403', description: 'You declined the charges.' });
    phone.back();
    await expectIn(phone, await phone.login([[id, ACCEPT]]));
  });

  test('whose answer is forged or of another policy is asked', async () => {
    const phone = asking();
    phone.lose('not-done');
    expectAsked(await phone.login([['x'.repeat(48), ACCEPT]]));
    expect(phone.forwarded).toBe(0);
  });
});

describe('a login with the answers, while the store fails', () => {
  const places: readonly Place[] = [...READS, 'waiting.end', 'negotiations.claim'];
  const rows = places.flatMap((place) => LOSSES.map((loss) => ({ place, loss })));
  test.each(rows)('at $place, $loss: is told to come back, and reaches no VASP', async ({ place, loss }) => {
    for (const spelling of SPELLINGS) {
      const phone = asking(spelling);
      const id = expectAsked(await phone.login());
      phone.lose(loss, place);
      expectBusy(await phone.login([[id, ACCEPT]]), spelling);
      expect([[...phone.failed], phone.forwarded]).toEqual([[place], 0]);
      expect(outcomes(phone)).toEqual(['asked', 'store-unavailable']);
      phone.back();
      const again = await phone.login([[id, ACCEPT]]);
      if (place === 'negotiations.claim' && loss === 'unheard') {
        // Nobody can tell whose claim it was: the answers may have let somebody in.
        const next = expectAsked(again);
        await expectIn(phone, await phone.login([[next, ACCEPT]]));
      } else await expectIn(phone, again);
      expect(phone.events).toEqual(['claimed', 'forwarded']);
      expect(await recordsOf(phone)).toBe(1);
    }
  });

  const late = (['acceptances.accept', 'sessions.put'] as const).flatMap((place) =>
    LOSSES.map((loss) => ({ place, loss })),
  );
  test.each(late)('at $place, $loss: nobody hears of the session that the VASP opened', async ({ place, loss }) => {
    for (const spelling of SPELLINGS) {
      const phone = asking(spelling);
      const id = expectAsked(await phone.login());
      phone.lose(loss, place);
      expectBusy(await phone.login([[id, ACCEPT]]), spelling);
      expect([[...phone.failed], phone.events]).toEqual([[place], ['claimed', 'forwarded']]);
      expect(outcomes(phone)).toEqual(['asked', 'store-unavailable']);
      phone.back();
      await expectIn(phone, await phone.login([[id, ACCEPT]]));
      expect(phone.events).toEqual(['claimed', 'forwarded', 'claimed', 'forwarded']);
      expect(outcomes(phone)).toEqual(['asked', 'store-unavailable', 'accepted']);
    }
  });

  test.each(['negotiations.changeWindow', 'negotiations.dropPass'] as const)(
    'at %s when all else is kept: is in',
    async (place) => {
      for (const loss of LOSSES) {
        const phone = asking();
        const id = expectAsked(await phone.login());
        phone.lose(loss, place);
        await expectIn(phone, await phone.login([[id, ACCEPT]]));
        expect(phone.rig.log.filter(({ level }) => level === 'error').map(({ event }) => event)).toEqual([
          'the end of a negotiation cannot be kept',
        ]);
        phone.back();
        await expectIn(phone, await phone.login());
      }
    },
  );

  test('at everything from the session on: the answers stay claimed, and the user is asked anew', async () => {
    const phone = asking();
    const id = expectAsked(await phone.login());
    phone.lose(
      'not-done',
      'acceptances.accept',
      'negotiations.release',
      'negotiations.changeWindow',
      'negotiations.dropPass',
    );
    expectBusy(await phone.login([[id, ACCEPT]]));
    phone.back();
    const next = expectAsked(await phone.login([[id, ACCEPT]]));
    await expectIn(phone, await phone.login([[next, ACCEPT]]));
    expect(phone.events).toEqual(['claimed', 'forwarded', 'claimed', 'forwarded']);
  });
});

describe('a login in two phases, while the store fails', () => {
  const firstPlaces = ['negotiations.changeWindow', 'negotiations.keepPass'] as const;
  test.each(firstPlaces.flatMap((place) => LOSSES.map((loss) => ({ place, loss }))))(
    'at $place, $loss: the challenge comes to nothing, and the answers count again',
    async ({ place, loss }) => {
      for (const spelling of SPELLINGS) {
        const phone = asking(spelling);
        const id = expectAsked(await phone.phase(1));
        phone.lose(loss, place);
        expectBusy(await phone.phase(1, [[id, ACCEPT]]), spelling);
        expect(phone.events).toEqual(['claimed', 'forwarded']);
        phone.back();
        expect((await phone.phase(1, [[id, ACCEPT]])).session).toBeUndefined();
        await expectIn(phone, await phone.phase(2));
        expect(phone.events).toEqual(['claimed', 'forwarded', 'claimed', 'forwarded', 'forwarded']);
        expect(await recordsOf(phone)).toBe(1);
      }
    },
  );

  test.each(LOSSES)(
    'in the second phase, before it is let through, %s: is asked, and may go on afterwards',
    async (loss) => {
      const phone = asking();
      const id = expectAsked(await phone.phase(1));
      await phone.phase(1, [[id, ACCEPT]]);
      phone.lose(loss, 'negotiations.pass');
      expectAsked(await phone.phase(2));
      expect(phone.forwarded).toBe(1);
      phone.back();
      await expectIn(phone, await phone.phase(2));
    },
  );

  test.each(LOSSES)('in the second phase, at the session, %s: nobody hears of it', async (loss) => {
    const phone = asking();
    const id = expectAsked(await phone.phase(1));
    await phone.phase(1, [[id, ACCEPT]]);
    phone.lose(loss, 'sessions.put');
    expectBusy(await phone.phase(2));
    phone.back();
    expect((await phone.phase(1, [[id, ACCEPT]])).session).toBeUndefined();
    await expectIn(phone, await phone.phase(2));
  });
});

describe('who cannot be asked, or need not be, while the store fails', () => {
  const legacy = { clients: [{ client: '*', systemMessages: false }] };
  const rows: readonly (readonly [string, Partial<PhoneOptions>])[] = [
    ['need not be asked', { policies: [LEVELS] }],
    ['would be asked in a conversation', { policies: [LEVELS, aoc('converse: true', 'every-login')], ...legacy }],
    ['has a level without a question', { policies: [LEVELS, aoc('grant: presence-only')], ...legacy }],
  ];
  test.each(rows)('%s: is told to come back', async (_name, options) => {
    for (const spelling of SPELLINGS) {
      for (const loss of LOSSES) {
        const phone = asking(spelling, options);
        phone.lose(loss);
        expectBusy(await phone.login(), spelling);
        expect(phone.forwarded).toBe(0);
        phone.back();
        expect((await phone.login()).code).toBe('200');
      }
    }
  });

  test('is refused by a policy: is told why, as ever', async () => {
    const phone = asking(XML, legacy);
    phone.lose('not-done');
    expect(await phone.login()).toMatchObject({ code: '403', description: 'Use a newer phone.', asked: [] });
  });
});

describe('where logins are denied while the store is away', () => {
  test.each(SPELLINGS.map((spelling) => [spelt(spelling), spelling] as const))('%s', async (_name, spelling) => {
    const phone = asking(spelling, { onStoreLoss: 'deny' });
    const id = expectAsked(await phone.login());
    for (const loss of LOSSES) {
      for (const place of READS) {
        phone.lose(loss, place);
        expectBusy(await phone.login(), spelling);
        expectBusy(await phone.login([[id, ACCEPT]]), spelling);
      }
    }
    expect(phone.forwarded).toBe(0);
    phone.back();
    await expectIn(phone, await phone.login([[id, ACCEPT]]));
  });
});

test('what is no loss of the store is not taken for one', async () => {
  const phone = asking();
  phone.lose('fault', 'negotiations.window');
  expect((await phone.login()).code).toBe('500');
  expect(phone.forwarded).toBe(0);
});
