/**
 * A hundred thousand answers that nobody was asked for, or that were altered, swapped, given twice or too late, by every door
 * through which an answer can come: none of them lets anybody in, and who was really asked can answer all the while [X14].
 */
import { expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { element } from '../../gateway/csp/element.ts';
import type { PolicySet } from '../../gateway/policy/model.ts';
import { message } from '../gateway/messages.ts';
import { policySetOf } from '../transcripts/rig.ts';
import {
  type Asked,
  BY_LOGIN,
  BY_PAGE,
  DOORS,
  PREFIX,
  signedElsewhere,
  spoken,
  type Talk,
  victimOf,
  World,
  WRONG_KEYS,
  WRONG_OPTIONS,
  WRONG_TEXTS,
} from './attempts.ts';
import {
  type Answer,
  KEY,
  logIn,
  login,
  outband,
  policiesOf,
  send,
  submit,
  TIMEOUT_MILLIS,
  textMessage,
  VASPS,
  type Victim,
} from './questions.ts';
import { alteredToken, mixedToken, pick, randomToken } from './tokens.ts';

const SEED = 20_261_122;
const ATTEMPTS = 100_000;

const SETS = [policiesOf(1, 'Once'), policiesOf(1), policiesOf(1, 'Truly'), policiesOf(2)].map((files) =>
  policySetOf(files),
);
const [FIRST, SECOND, THIRD, FOURTH] = SETS as [PolicySet, PolicySet, PolicySet, PolicySet];

test(`${ATTEMPTS} answers that are none, seed ${SEED}`, async () => {
  const world = new World(SEED, FIRST);
  const { random, rig } = world;
  const askAll = async (): Promise<Asked[]> => {
    const asked: Asked[] = [];
    for (const kind of [...BY_PAGE, ...BY_LOGIN]) for (const vasp of VASPS) asked.push(await world.ask(kind, vasp));
    return asked;
  };

  const gone = await askAll();
  rig.usePolicies(SECOND);
  rig.clock.advance(3 * TIMEOUT_MILLIS + 1);
  const late = await askAll();
  rig.clock.advance(TIMEOUT_MILLIS);
  const asked = await askAll();
  rig.usePolicies(THIRD);
  asked.push(...(await askAll()));
  rig.usePolicies(FOURTH);
  asked.push(...(await askAll()));
  const talk = async (): Promise<Talk> => {
    const victim = victimOf(random, 'talk');
    return { victim, session: (await logIn(rig, victim)).session ?? '' };
  };
  const talking = [await talk(), await talk(), await talk(), await talk()];

  const batches: Record<string, number> = {};
  /**
   * A batch of attempts, after which nobody was let in, nothing was kept, and nobody's next login goes through.
   * @param allowed what messages may be counted as that are no refusal by themselves
   */
  const batch = async (
    name: string,
    count: number,
    attempt: (index: number) => Promise<void>,
    allowed?: string,
  ): Promise<void> => {
    const before = await world.traces();
    const { attempts, besides } = world;
    world.look();
    for (let index = 0; index < count; index++) await attempt(index);
    batches[name] = world.attempts - attempts;
    world.expectRefused(world.attempts - attempts + world.besides - besides, allowed);
    for (const { victim } of [...asked, ...late]) await logIn(rig, victim);
    expect([name, await world.traces()]).toEqual([name, before]);
    rig.clock.advance(10_000);
  };
  const forged = async (victim: Victim, right: Answer, token: string): Promise<void> => {
    const door = pick(random, spared.has(victim) ? DOORS.slice(2) : DOORS);
    // A page may be asked for by its true address, with a forged token in its form.
    const address = door === 'page' && random() < 0.5 ? right.token : token;
    await world.give(door, victim, { ...right, token }, address);
  };
  // Wrong answers in logins count against whoever they are given for, close every other door, and end what was asked
  // under an earlier set: some are let be.
  const spared = new Set(asked.slice(0, -BY_LOGIN.length * VASPS.length).map(({ victim }) => victim));
  const attacked = asked.filter(({ victim }) => !spared.has(victim));
  const answers = new Map<Asked, Answer>();
  for (const one of asked) answers.set(one, await world.rightAnswer(one));
  const rightOf = (one: Asked): Answer => answers.get(one) ?? { token: one.token, option: '1' };

  await batch('tokens by chance', 16_000, async () => {
    const one = pick(random, asked);
    await forged(one.victim, rightOf(one), randomToken(random));
  });
  await batch('altered tokens', 26_000, async () => {
    const one = pick(random, asked);
    await forged(one.victim, rightOf(one), alteredToken(one.token, random));
  });
  await batch('tokens mixed of two', 18_000, async () => {
    const [one, other] = [pick(random, asked), pick(random, [...asked, ...late, ...gone])];
    if (one === other) return;
    await forged(one.victim, rightOf(one), mixedToken(one.token, other.token, random));
  });
  await batch('tokens signed elsewhere', 14_000, async () => {
    const one = pick(random, asked);
    await forged(one.victim, rightOf(one), signedElsewhere(one, world, FOURTH));
  });
  await batch('too late, and of a set that is gone', 6_000, async () => {
    const one = pick(random, [...late, ...gone]);
    await world.give(pick(random, DOORS), one.victim, { token: one.token, option: '1', key: KEY });
  });

  // Of another VASP: a token is good where its user was asked. The page is every VASP's.
  await batch('tokens of another VASP', 3_000, async () => {
    const one = pick(random, asked);
    const elsewhere = VASPS.find((name) => name !== one.victim.vasp) ?? one.victim.vasp;
    await world.give(pick(random, ['login', 'outband']), { ...one.victim, vasp: elsewhere }, rightOf(one));
  });
  await batch('right answers in the login of somebody else', 4_000, async () => {
    const [one, other] = [pick(random, asked), pick(random, attacked)];
    if (one !== other) await world.give('login', { ...other.victim, vasp: one.victim.vasp }, rightOf(one));
  });

  await batch('wrong options', 5_000, async () => {
    const fresh = world.fresh(pick(random, [...BY_LOGIN, ...BY_PAGE]), FOURTH);
    const option = pick(random, WRONG_OPTIONS);
    await world.give(pick(random, DOORS), fresh.victim, { ...(await world.rightAnswer(fresh)), option });
  });
  await batch('wrong keys', 4_000, async () => {
    const fresh = world.fresh(pick(random, ['proof', 'word', 'typed']), FOURTH);
    await world.give(pick(random, DOORS), fresh.victim, {
      token: fresh.token,
      option: '1',
      key: pick(random, WRONG_KEYS),
    });
  });

  const spent = await world.spend();
  await batch('answers that were used', 6_000, async () => {
    const one = pick(random, spent);
    await world.give(pick(random, DOORS), one.victim, { token: one.token, option: '1', key: one.key });
  });

  const heldByOthers = async (index: number): Promise<void> => {
    const { victim, token } = world.fresh('plain', FOURTH);
    const speaker = spoken(victim, random);
    world.besides += 1;
    await send(rig, speaker, outband(speaker, { token, option: '1' }));
    const other = [
      { client: `${victim.client}0` },
      { cookie: `${victim.cookie}0` },
      { user: victim.user.replace('@', '0@') },
    ][index % 3];
    await world.give('login', { ...victim, ...other }, { token: randomToken(random), option: '1' });
  };
  await batch('answers held for another client, cookie or user', 3_000, heldByOthers, 'answered');

  await batch('conversations of others', 5_000, async () => {
    const { victim, session } = pick(random, talking);
    const id = session.slice(PREFIX.length);
    const elsewhere = VASPS.find((name) => name !== victim.vasp) ?? victim.vasp;
    const [vasp, guess] = pick(random, [
      [victim.vasp, randomToken(random).slice(0, id.length)],
      [victim.vasp, alteredToken(id, random)],
      [elsewhere, id],
    ] as const);
    world.attempts += 1;
    await send(rig, { ...victim, vasp }, textMessage(victim, PREFIX + guess, '1'));
  });
  let wrong = await talk();
  const wrongText = async (index: number): Promise<void> => {
    if (index % 3 === 0) {
      wrong = await talk();
      world.besides += 1;
    }
    world.attempts += 1;
    await send(rig, wrong.victim, textMessage(wrong.victim, wrong.session, pick(random, WRONG_TEXTS)));
    // Once in a while its user gives up.
    if (index % 3 === 2) await logIn(rig, wrong.victim).then(() => (world.besides += 1));
  };
  await batch('wrong answers in conversations', 2_000, wrongText, 'answered');

  const total = Object.values(batches).reduce((sum, count) => sum + count, 0);
  expect(total).toBe(world.attempts);
  expect(total).toBeGreaterThanOrEqual(ATTEMPTS);

  // Whoever was really asked gets in by the true answer, once, and it is recorded.
  for (const one of asked) {
    const { victim, token } = one;
    const before = await world.traces();
    const right = rightOf(one);
    const isByLogin = BY_LOGIN.includes(victim.kind);
    const isOutband = isByLogin && spared.has(victim);
    if (isOutband) await send(rig, victim, outband(victim, right));
    if (!isByLogin) await submit(rig, token, right);
    expect([victim.kind, (await logIn(rig, victim, isByLogin && !isOutband ? right : undefined)).code]).toEqual([
      victim.kind,
      '200',
    ]);
    expect(await world.traces()).toEqual(before.map((count) => Number(count) + 1));
  }
  for (const { victim, session } of talking) {
    await send(rig, victim, textMessage(victim, session, '1'));
    expect((await logIn(rig, victim)).code).toBe('200');
  }
});

test('the word of a question cannot be guessed by many answers in one login', async () => {
  const world = new World(SEED, FIRST);
  const { rig } = world;
  const { victim, token } = await world.ask('proof');
  const guess = (key: string) =>
    element('SystemMessageResponse', [
      element('SystemMessageID', token),
      element('ChosenOptionID', 1),
      element('VerificationKey', key),
    ]);
  const guesses = [...WRONG_KEYS.flatMap((key) => key ?? []).slice(0, 8), KEY].map(guess);
  const request = decodeMessage(login(victim), victim.spelling.encoding).transactions[0]?.primitive ?? element('none');
  const children = [...request.children, element('SystemMessageResponseList', guesses)];
  await send(rig, victim, message(victim.spelling, undefined, [['1', element('Login-Request', children)]]));
  expect(rig.upstream.seen).toEqual([]);
  expect((await logIn(rig, victim, { token, option: '1', key: KEY })).code).toBe('403');
});
