/**
 * What a phone is asked while messages wait for its user, through the whole chain: the question joins the others, lets in
 * or denies, keeps nothing, and never stands in the way of a phone that cannot be asked [X61].
 */
import { describe, expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, children, childText, type Element, element } from '../../gateway/csp/element.ts';
import { type CspVersion, contentTypeOf } from '../../gateway/csp/versions.ts';
import { loginRequest, loginResponse, message } from '../gateway/messages.ts';
import { createRig, type Rig, vaspAnswer } from '../transcripts/rig.ts';
import { countingMailbox } from './waiting-mailbox.ts';

const LEVELS = `kind: service-levels
default: full
levels:
  full: { grant: [WVCSPFeat] }
  quiet: { grant: [PresenceFeat] }
`;
const WAITING = `kind: off-line-user
id: waiting
order: 50
atLogin:
  message: { en: "{count} for {user} at {vasp}" }
  options:
    - { id: login, text: { en: "Read {count}" }, proceed: true }
    - { id: ignore, text: { en: Ignore }, deny: { en: "{count} stay here." } }
`;
const SHOWN = WAITING.replace(/ {2}options:[\s\S]*$/, '');
const FEES = `kind: off-line-service
id: fees
version: 1
purpose: terms
order: 60
message: { en: Pay? }
options:
  - { id: quiet, text: { en: Quiet }, grant: quiet }
  - { id: no, text: { en: No }, deny: { en: No. } }
`;

interface Outcome {
  readonly code: string;
  readonly description: string;
  readonly asked: readonly { readonly id: string; readonly text: string; readonly options: readonly string[] }[];
}

/** A phone at a gateway whose VASP lets everybody in. */
class Phone {
  readonly rig: Rig;
  readonly counts: string[] = [];
  /** How many messages wait; undefined: the store cannot tell. */
  waiting: number | undefined = 3;
  readonly #version: CspVersion;

  constructor(texts: readonly string[], version: CspVersion = '1.3') {
    this.#version = version;
    this.rig = createRig({
      policies: texts.map((text, index) => ({ path: `${index}.yaml`, text })),
      mailbox: countingMailbox(async (userKey) => {
        this.counts.push(userKey);
        if (this.waiting === undefined) throw new Error('the store is gone');
        return this.waiting;
      }),
    });
    const spelling = { version, encoding: 'xml' } as const;
    this.rig.upstream.otherwise = () =>
      vaspAnswer(
        message(spelling, undefined, [['1', loginResponse(200, 'session-1')]], 'Response'),
        contentTypeOf(version, 'xml'),
      );
  }

  /** `answers`: option numbers by the ids of messages; undefined acknowledges. */
  async login(
    answers: readonly (readonly [id: string | undefined, option: number | undefined])[] = [],
  ): Promise<Outcome> {
    const responses = answers.map(([id = '', option]) =>
      element('SystemMessageResponse', [
        element('SystemMessageID', id),
        ...(option === undefined ? [] : [element('ChosenOptionID', option)]),
      ]),
    );
    const list = responses.length === 0 ? [] : [element('SystemMessageResponseList', responses)];
    const body = message({ version: this.#version, encoding: 'xml' }, undefined, [['1', loginRequest(...list)]]);
    const reply = await this.rig.send(body, contentTypeOf(this.#version, 'xml'));
    const response = decodeMessage(reply.body, 'xml').transactions[0]?.primitive;
    const result = child(response, 'Result');
    const messages = child(result, 'SystemMessageList');
    return {
      code: childText(result, 'Code') ?? '',
      description: childText(result, 'Description') ?? '',
      asked: messages === undefined ? [] : children(messages, 'SystemMessage').map(askedOf),
    };
  }

  get forwarded(): number {
    return this.rig.upstream.seen.length;
  }

  outcomes(): readonly unknown[] {
    return this.rig.metrics.flatMap(([name, , policy, outcome]) =>
      name === 'negotiation' ? [`${String(policy)} ${String(outcome)}`] : [],
    );
  }

  levels(): unknown {
    return this.rig.log.find(({ event }) => event === 'login accepted')?.fields.levels;
  }
}

function askedOf(asked: Element): Outcome['asked'][number] {
  const options = child(asked, 'AnswerOptions');
  return {
    id: childText(asked, 'SystemMessageID') ?? '',
    text: childText(asked, 'SystemMessageText') ?? '',
    options: children(options, 'AnswerOption').map((option) => childText(option, 'AnswerOptionText') ?? ''),
  };
}

describe('while messages wait', () => {
  test('the question comes with their number, and letting in gives the default level', async () => {
    const phone = new Phone([LEVELS, WAITING]);
    const asked = await phone.login();
    expect(asked.asked.map(({ text, options }) => [text, ...options])).toEqual([
      ['3 for wv:juliet@im.example at verona', 'Read 3', 'Ignore'],
    ]);
    expect(phone.forwarded).toBe(0);
    expect((await phone.login([[asked.asked[0]?.id, 1]])).code).toBe('200');
    expect([phone.forwarded, phone.levels()]).toEqual([1, 'full']);
    expect(phone.outcomes()).toEqual(['waiting accepted']);
    expect(phone.rig.upstream.seen[0]?.body.includes('SystemMessageResponse')).toBe(false);
  });

  test('nothing of it is remembered or recorded: the next login is asked again', async () => {
    const phone = new Phone([LEVELS, WAITING]);
    const { asked } = await phone.login();
    await phone.login([[asked[0]?.id, 1]]);
    const key = phone.counts[0] ?? '';
    expect(await phone.rig.store.acceptances.of(key)).toEqual([]);
    expect(await phone.rig.store.audit.read(1, 1)).toEqual([]);
    expect((await phone.login()).asked).toHaveLength(1);
  });

  test('ignoring them denies with the words of the policy, and nobody hears of the login', async () => {
    const phone = new Phone([LEVELS, WAITING]);
    const { asked } = await phone.login();
    expect(await phone.login([[asked[0]?.id, 2]])).toEqual({ code: '403', description: '3 stay here.', asked: [] });
    expect([phone.forwarded, phone.outcomes()]).toEqual([0, ['waiting declined']]);
  });

  test('it is asked together with others in its order, and those decide the level', async () => {
    const phone = new Phone([LEVELS, FEES, WAITING]);
    const { asked } = await phone.login();
    expect(asked.map(({ text }) => text)).toEqual(['3 for wv:juliet@im.example at verona', 'Pay?']);
    const [waiting, fees] = asked;
    expect(
      (
        await phone.login([
          [waiting?.id, 1],
          [fees?.id, 1],
        ])
      ).code,
    ).toBe('200');
    expect(phone.levels()).toBe('quiet');
  });

  test('either denial ends the login', async () => {
    for (const [first, second, code, description] of [
      [2, 1, '403', '3 stay here.'],
      [1, 2, '403', 'No.'],
    ] as const) {
      const phone = new Phone([LEVELS, FEES, WAITING]);
      const { asked } = await phone.login();
      const answered = await phone.login([
        [asked[0]?.id, first],
        [asked[1]?.id, second],
      ]);
      expect([answered.code, answered.description, phone.forwarded]).toEqual([code, description, 0]);
    }
  });

  test('a question without options is shown once, and the next login goes on', async () => {
    const phone = new Phone([LEVELS, SHOWN]);
    expect((await phone.login()).asked).toMatchObject([{ options: [] }]);
    expect((await phone.login()).code).toBe('200');
    expect(phone.outcomes()).toEqual(['waiting shown']);
  });

  test('whoever never answers gets in after the fourth time, and whoever answers too late at once', async () => {
    const silent = new Phone([LEVELS, WAITING]);
    for (let time = 0; time < 4; time++) expect((await silent.login()).asked).toHaveLength(1);
    expect((await silent.login()).code).toBe('200');

    const late = new Phone([LEVELS, WAITING]);
    const { asked } = await late.login();
    late.rig.clock.advance(120_000);
    expect((await late.login([[asked[0]?.id, 2]])).code).toBe('200');
  });

  test.each(['1.1', '1.2'] as const)('a phone of CSP %s gets in unasked', async (version) => {
    const phone = new Phone([LEVELS, WAITING], version);
    expect([(await phone.login()).code, phone.levels()]).toEqual(['200', 'full']);
  });

  test('an answer of the phone is judged under a restarted gateway too', async () => {
    const phone = new Phone([LEVELS, WAITING]);
    const { asked } = await phone.login();
    phone.rig.restart();
    expect((await phone.login([[asked[0]?.id, 2]])).description).toBe('3 stay here.');
  });
});

describe('when they are gone by the time of the answer', () => {
  test('what was chosen counts all the same', async () => {
    for (const [option, code] of [
      [1, '200'],
      [2, '403'],
    ] as const) {
      const phone = new Phone([LEVELS, WAITING]);
      const { asked } = await phone.login();
      phone.waiting = 0;
      expect((await phone.login([[asked[0]?.id, option]])).code).toBe(code);
    }
  });

  test('nobody is asked about nothing', async () => {
    const phone = new Phone([LEVELS, WAITING]);
    await phone.login();
    phone.waiting = 0;
    expect((await phone.login()).code).toBe('200');
  });
});

describe('the mailbox is asked', () => {
  test('only where a policy asks about it', async () => {
    const counts = async (...texts: readonly string[]): Promise<number> => {
      const phone = new Phone([LEVELS, ...texts]);
      await phone.login();
      return phone.counts.length;
    };
    expect(await counts(FEES)).toBe(0);
    expect(await counts('kind: off-line-user\nid: keeps\n')).toBe(0);
    expect(await counts(`${WAITING}applies: { users: ["wv:nobody@*"] }\n`)).toBe(0);
    expect(await counts(`${WAITING}applies: { csp: ["1.1"] }\n`)).toBe(0);
    expect(await counts(WAITING)).toBe(1);
  });

  test('and where it cannot tell, nobody is asked, the operator hears of it, and a choice made counts', async () => {
    const phone = new Phone([LEVELS, WAITING]);
    const { asked } = await phone.login();
    phone.waiting = undefined;
    expect((await phone.login([[asked[0]?.id, 2]])).code).toBe('403');
    expect((await phone.login()).code).toBe('200');
    expect(phone.rig.log.filter(({ level }) => level === 'error').map(({ event }) => event)).toEqual([
      'waiting messages cannot be counted, not asking about them',
      'waiting messages cannot be counted, not asking about them',
    ]);
  });

  test('one question is put however many policies would ask', async () => {
    const phone = new Phone([LEVELS, WAITING, WAITING.replace('id: waiting', 'id: another').replace('50', '10')]);
    expect((await phone.login()).asked).toHaveLength(1);
    expect(phone.counts).toHaveLength(1);
  });
});
