/**
 * A hundred thousand answers that nobody was asked for, or that were altered, swapped, given twice or too late, by every door
 * through which an answer can come: none of them lets anybody in, and who was really asked can answer all the while [X14].
 */
import { expect, test } from '@jest/globals';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { issueToken } from '../../gateway/negotiation/token.ts';
import type { PolicySet } from '../../gateway/policy/model.ts';
import type { Secrets } from '../../gateway/ports.ts';
import { SPELLINGS, type Spelling } from '../gateway/messages.ts';
import { createRig, policySetOf, type Rig, secretsOf } from '../transcripts/rig.ts';
import {
  type Answer,
  KEY,
  type Kind,
  letEverybodyIn,
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
import { alteredToken, below, mixedToken, pick, type Random, randomOf, randomToken } from './tokens.ts';

const SEED = 20_261_122;
const ATTEMPTS = 100_000;

const KNOWING = SPELLINGS.filter(({ version }) => version === '1.3');
const UNKNOWING = SPELLINGS.filter(({ version }) => version !== '1.3');
/** Kinds whose questions come with the login, and those whose questions wait on the page. */
const BY_LOGIN: readonly Kind[] = ['plain', 'proof', 'word'];
const BY_PAGE: readonly Kind[] = ['page', 'typed'];

interface Asked {
  readonly victim: Victim;
  readonly token: string;
}

type Door = 'login' | 'outband' | 'page';
const DOORS: readonly Door[] = ['login', 'login', 'outband', 'page'];

/** What became of messages that did not let anybody in, as it is counted. */
const REFUSED = new Set(['asked', '402', '403', '408', '604']);
const NOT_TAKEN = new Set(['shown', 'unknown', 'incomplete', 'late', 'used', 'too-many', 'wrong-word']);

let users = 0;

function victimOf(random: Random, kind: Kind, vasp: Victim['vasp'] = pick(random, VASPS)): Victim {
  const isKnowing = BY_LOGIN.includes(kind);
  users += 1;
  return {
    kind,
    vasp,
    user: `wv:${kind}-${users}@im.example`,
    client: `http://client.example/${users}`,
    cookie: `cookie-${users}`,
    spelling: pick<Spelling>(random, isKnowing ? KNOWING : UNKNOWING),
  };
}

/** As a client that can send the elements of 1.3 would say it. */
const spoken = (victim: Victim, random: Random): Victim => ({ ...victim, spelling: pick(random, KNOWING) });

class World {
  readonly random: Random;
  readonly rig: Rig;
  attempts = 0;
  /** Messages that were sent besides, because an attempt needs them. */
  besides = 0;
  /** Requests for pages that lead to none. */
  #noPage = 0;
  #looked = 0;

  constructor(seed: number, policies: PolicySet) {
    this.random = randomOf(seed);
    this.rig = createRig({ policies, vasps: VASPS.map((name) => ({ name, paths: [`/${name}`] })) });
    letEverybodyIn(this.rig, (body) => scanned(body));
  }

  async ask(kind: Kind, vasp?: Victim['vasp']): Promise<Asked> {
    const victim = victimOf(this.random, kind, vasp);
    const { token } = await logIn(this.rig, victim);
    if (token === undefined) throw new Error(`${victim.user} was not asked`);
    return { victim, token };
  }

  /** The answer that the user would give. */
  async rightAnswer({ victim: { kind }, token }: Asked): Promise<Answer> {
    const key = kind === 'word' ? await this.#wordOf(token) : kind === 'proof' || kind === 'typed' ? KEY : undefined;
    return { token, option: '1', key };
  }

  async #wordOf(token: string): Promise<string> {
    this.besides += 1;
    const request = { contentType: '', acceptLanguage: 'en', body: undefined };
    const page = (await this.rig.browse('GET', `/word/${token}`, request))?.body.toString();
    return /<span class="w">([A-Z]{6})<\/span>/.exec(page ?? '')?.[1] ?? 'NOWORD';
  }

  /** One attempt by one door. `address`: the page's, when it is not the answer's own. */
  async give(door: Door, victim: Victim, answer: Answer, address = answer.token): Promise<void> {
    this.attempts += 1;
    if (door === 'page') {
      if ((await submit(this.rig, address, answer)) === undefined) this.#noPage += 1;
      return;
    }
    const speaker = spoken(victim, this.random);
    await send(this.rig, speaker, door === 'login' ? login(speaker, answer) : outband(speaker, answer));
  }

  /** Whatever was given since the last look was refused and counted, once each. */
  expectRefused(messages: number, allowed: string | undefined): void {
    const fresh = this.rig.metrics.slice(this.#looked);
    this.#looked = this.rig.metrics.length;
    const labels = fresh.flatMap(([name, ...rest]) =>
      name === 'request' ? [String(rest[3])] : name === 'page' ? [String(rest[1])] : [],
    );
    const taken = labels.filter((label) => !REFUSED.has(label) && !NOT_TAKEN.has(label) && label !== allowed);
    expect([...new Set(taken)]).toEqual([]);
    expect(labels.length + this.#noPage).toBe(messages);
    this.#noPage = 0;
  }

  look(): void {
    this.#looked = this.rig.metrics.length;
  }

  /** A question as the gateway would put it to somebody new, without the login. */
  fresh(kind: Kind, set: PolicySet): Asked {
    const victim = victimOf(this.random, kind);
    return { victim, token: issue(this.rig, victim, set, {}) };
  }

  /** Real questions that came to their end in every way: answered, declined, answered wrongly too often. */
  async spend(): Promise<readonly (Asked & { readonly key: string | undefined })[]> {
    const spent: (Asked & { readonly key: string | undefined })[] = [];
    const { rig } = this;
    for (const kind of [...BY_LOGIN, ...BY_PAGE]) {
      for (const option of ['1', '2', '3', '99']) {
        const one = await this.ask(kind);
        const { victim, token } = one;
        const answer = { ...(await this.rightAnswer(one)), option };
        spent.push({ ...one, key: answer.key });
        if (BY_PAGE.includes(kind) && option !== '99') {
          await submit(rig, token, answer);
          await logIn(rig, victim);
          continue;
        }
        let reply = await logIn(rig, spoken(victim, this.random), answer);
        for (let again = 0; option === '99' && again < 4; again++) {
          const next = { ...answer, token: reply.token ?? '' };
          spent.push({ victim, token: next.token, key: answer.key });
          reply = await logIn(rig, spoken(victim, this.random), next);
        }
        expect([kind, option, reply.code]).toEqual([kind, option, ['1', '2'].includes(option) ? '200' : '403']);
        expect(reply.token).toBeUndefined();
      }
    }
    return spent;
  }

  /** What exists of acceptances anywhere: requests at the VASPs, records, sessions. */
  async traces(): Promise<readonly unknown[]> {
    const { upstream, store, metrics } = this.rig;
    const accepted = metrics.filter(([name, , outcome]) => name === 'login' && outcome === 'accepted').length;
    return [upstream.seen.length, (await store.audit.head())?.next, accepted];
  }
}

function scanned(body: Buffer): Spelling {
  const encoding = body[0] === 0x3c ? 'xml' : 'wbxml';
  return { version: scanEnvelope(body, encoding).version, encoding };
}

/** A session of the gateway's own, in which a user is asked. */
interface Talk {
  readonly victim: Victim;
  readonly session: string;
}

const PREFIX = 'sapgw-waiting.';

const WRONG_TEXTS = ['0', '4', '99', '-1', '01', '1 1', '1;2', 'alll', 'yes', '', ' ', '9'.repeat(600), '\u200b1'];
const WRONG_OPTIONS: readonly (string | undefined)[] = [
  ...[undefined, '', '0', '00', '01', '001', '000000001', '4', '99', '-1', '+1', '1.0', '1e0', '0x1', '１', '١', '1 1'],
  ...['1,2', 'all', 'All', 'NaN', '4294967297', '18446744073709551617', '\u200b1', '9'.repeat(5000), '1;', "1' or '1"],
];
const WRONG_KEYS: readonly (string | undefined)[] = [
  ...[
    undefined,
    '',
    'gree',
    'greenn',
    'red',
    'ｇｒｅｅｎ',
    'gr\u200been',
    'g r e e n',
    '*',
    '.*',
    'null',
    'x'.repeat(5000),
  ],
];

interface Elsewhere {
  readonly secrets?: Secrets;
  readonly vasp?: string;
  readonly setHash?: string;
  readonly id?: string;
  readonly version?: number;
}

/** A token as the gateway makes it for a user, but for what is told. */
function issue({ secrets, clock }: Rig, victim: Victim, set: PolicySet, elsewhere: Elsewhere): string {
  const policy = set.policies.find(({ id }) => id === victim.kind);
  if (policy === undefined) throw new Error(`no policy ${victim.kind}`);
  const { id, version } = { ...policy, ...elsewhere };
  const question = {
    setHash: elsewhere.setHash ?? set.hash,
    policy: { id, version },
    languageIndex: 0,
    languageTold: false,
  };
  const whom = {
    vasp: elsewhere.vasp ?? victim.vasp,
    userKey: userKeyOf(secrets, victim.vasp, victim.user),
    clientKey: secrets.keyedHash('client', victim.client),
    cookieKey: secrets.keyedHash('cookie', victim.cookie),
  };
  return issueToken(elsewhere.secrets ?? secrets, whom, question, clock.wall());
}

/** A token that the right key has signed, or another key here, for something that is not asked here. */
function signedElsewhere({ victim }: Asked, { random, rig }: World, set: PolicySet): string {
  const token = (elsewhere: Elsewhere): string => issue(rig, victim, set, elsewhere);
  return pick(random, [
    () => token({ vasp: 'padua' }),
    () => token({ setHash: 'f'.repeat(64) }),
    () => token({ setHash: '' }),
    () => token({ version: 50 + below(random, 50) }),
    () => token({ id: `${victim.kind}2` }),
    () => token({ secrets: OTHER_KEY }),
    () => otherFormat(token({}), rig.secrets, victim, set, pick(random, [0, 1, 3])),
  ])();
}

const OTHER_KEY = secretsOf('fedcba9876543210fedcba9876543210');

/** A token that says it is of another format, signed as one of this format is. */
function otherFormat(token: string, secrets: Secrets, { vasp, kind }: Victim, set: PolicySet, format: number): string {
  const bytes = Buffer.from(token, 'base64url');
  bytes[0] = (format << 6) | ((bytes[0] ?? 0) & 0x3f);
  const version = set.policies.find(({ id }) => id === kind)?.version;
  const bound = Buffer.from(`\0${vasp}\0${set.hash}\0${kind}\0${version}`);
  Buffer.from(secrets.sign(Buffer.concat([bytes.subarray(0, 25), bound]))).copy(bytes, 25, 0, 11);
  return bytes.toString('base64url');
}

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
