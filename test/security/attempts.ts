/**
 * Attempts to be let in without having answered: who is asked, by which door an answer is given, what is wrong with it, and
 * how it is seen that nobody was let in.
 */
import { expect } from '@jest/globals';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { issueToken } from '../../gateway/negotiation/token.ts';
import type { PolicySet } from '../../gateway/policy/model.ts';
import type { Secrets } from '../../gateway/ports.ts';
import { SPELLINGS, type Spelling } from '../gateway/messages.ts';
import { randomFractions } from '../random.ts';
import { createRig, type Rig, secretsOf } from '../transcripts/rig.ts';
import {
  type Answer,
  KEY,
  type Kind,
  letEverybodyIn,
  logIn,
  login,
  outband,
  send,
  submit,
  VASPS,
  type Victim,
} from './questions.ts';
import { below, pick, type Random } from './tokens.ts';

const KNOWING = SPELLINGS.filter(({ version }) => version === '1.3');
const UNKNOWING = SPELLINGS.filter(({ version }) => version !== '1.3');
/** Kinds whose questions come with the login, and those whose questions wait on the page. */
export const BY_LOGIN: readonly Kind[] = ['plain', 'proof', 'word'];
export const BY_PAGE: readonly Kind[] = ['page', 'typed'];

export interface Asked {
  readonly victim: Victim;
  readonly token: string;
}

export type Door = 'login' | 'outband' | 'page';
export const DOORS: readonly Door[] = ['login', 'login', 'outband', 'page'];

/** What became of messages that did not let anybody in, as it is counted. */
const REFUSED = new Set(['asked', '402', '403', '408', '604']);
const NOT_TAKEN = new Set(['shown', 'unknown', 'incomplete', 'late', 'used', 'too-many', 'wrong-word']);

let users = 0;

export function victimOf(random: Random, kind: Kind, vasp: Victim['vasp'] = pick(random, VASPS)): Victim {
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
export const spoken = (victim: Victim, random: Random): Victim => ({ ...victim, spelling: pick(random, KNOWING) });

export class World {
  readonly random: Random;
  readonly rig: Rig;
  attempts = 0;
  /** Messages that were sent besides, because an attempt needs them. */
  besides = 0;
  /** Requests for pages that lead to none. */
  #noPage = 0;
  #looked = 0;

  constructor(seed: number, policies: PolicySet) {
    this.random = randomFractions(seed);
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
export interface Talk {
  readonly victim: Victim;
  readonly session: string;
}

export const PREFIX = 'sapgw-waiting.';

export const WRONG_TEXTS = [
  '0',
  '4',
  '99',
  '-1',
  '01',
  '1 1',
  '1;2',
  'alll',
  'yes',
  '',
  ' ',
  '9'.repeat(600),
  '\u200b1',
];
export const WRONG_OPTIONS: readonly (string | undefined)[] = [
  ...[undefined, '', '0', '00', '01', '001', '000000001', '4', '99', '-1', '+1', '1.0', '1e0', '0x1', '１', '١', '1 1'],
  ...['1,2', 'all', 'All', 'NaN', '4294967297', '18446744073709551617', '\u200b1', '9'.repeat(5000), '1;', "1' or '1"],
];
export const WRONG_KEYS: readonly (string | undefined)[] = [
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
    userKey: userKeyOf(secrets, { name: victim.vasp }, victim.user),
    clientKey: secrets.keyedHash('client', victim.client),
    cookieKey: secrets.keyedHash('cookie', victim.cookie),
  };
  return issueToken(elsewhere.secrets ?? secrets, whom, question, clock.wall());
}

/** A token that the right key has signed, or another key here, for something that is not asked here. */
export function signedElsewhere({ victim }: Asked, { random, rig }: World, set: PolicySet): string {
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
