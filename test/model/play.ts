/** Plays one run of the model: steps drawn at random, a virtual clock, and after every step what must always hold. */
import assert from 'node:assert/strict';
import type { PolicySet } from '../../gateway/policy/model.ts';
import { createRig, type Rig, secretsOf, TEST_KEY, vaspAnswer, vaspFailure } from '../transcripts/rig.ts';
import { Oracle } from './oracle.ts';
import {
  type Answer,
  hostOf,
  loginMessage,
  outbandMessage,
  PHONES,
  type Phone,
  readReply,
  setOfKinds,
  typeOf,
  vaspResponse,
} from './world.ts';

/** Numbers from 0; what they mean depends on what there is when the step is played. */
export interface Step {
  readonly do: 'login' | 'outband' | 'wait' | 'reload';
  readonly phone: number;
  readonly cookie: number;
  readonly legacy: boolean;
  readonly fourWay: boolean;
  /** What the VASP does with a login. */
  readonly vasp: 'accepts' | 'refuses' | 'challenges' | 'fails';
  /** How each of the last questions is answered, in turn. */
  readonly answers: readonly AnswerKind[];
  readonly millis: number;
}

export type AnswerKind = 'none' | '1' | '2' | '3' | '4' | 'wrong-key' | 'without-option' | 'old' | 'foreign' | 'forged';

/** Outcomes that a question ends in; the others are counted for policies that nobody was asked about. */
const ENDS = new Set([
  'accepted',
  'declined',
  'timed-out',
  'wrong-answers',
  'abandoned',
  'login-refused',
  'shown',
  'cannot-ask',
]);

/** Made once: they keep a cache that takes longer to make than a run to play. */
const SECRETS = secretsOf(TEST_KEY);

interface PhoneState {
  readonly phone: Phone;
  readonly oracle: Oracle;
  /** Tokens of the questions that went out last. */
  latest: readonly string[];
  /** Policies whose question is out and has come to no end yet. */
  readonly open: Set<string>;
  /** Those that were answered in a first phase and wait for the second, by cookie. */
  readonly inSecondPhase: Map<string, { readonly ids: Set<string>; readonly until: number }>;
  accepted: number;
}

/**
 * @param counts whether every outcome is accounted for. Then each user has one cookie and answers in logins alone, and no other
 * set comes into force: questions to two logins at once, and answers that nobody waits for any more, cannot be told apart
 * by what is counted.
 */
export async function play(
  sets: readonly (readonly number[])[],
  steps: readonly Step[],
  counts: boolean,
): Promise<void> {
  const run = new Run(
    counts,
    sets.map((kinds, index) => setOfKinds(kinds, index + 1)),
  );
  for (const step of steps) await run.take(step);
  await run.finish();
}

class Run {
  readonly #counts: boolean;
  readonly #sets: readonly PolicySet[];
  readonly #rig: Rig;
  readonly #phones: readonly PhoneState[];
  #inForce = 0;
  #counted = 0;
  #sessions = 0;

  constructor(counts: boolean, sets: readonly PolicySet[]) {
    this.#counts = counts;
    this.#sets = sets;
    this.#rig = createRig({
      policies: sets[0] ?? [],
      secrets: SECRETS,
      vasps: PHONES.map((phone) => ({ name: phone.vasp, hosts: [hostOf(phone)] })),
    });
    this.#phones = PHONES.map((phone) => ({
      phone,
      oracle: new Oracle(),
      latest: [],
      open: new Set(),
      inSecondPhase: new Map(),
      accepted: 0,
    }));
  }

  async take(step: Step): Promise<void> {
    const state = this.#phones[step.phone % this.#phones.length];
    if (state === undefined) return;
    if (step.do === 'wait') await this.#wait(step);
    else if (step.do === 'reload') this.#reload();
    else if (step.do === 'outband') await this.#outband(state, step);
    else await this.#login(state, step);
    this.#account(step);
  }

  /** The sweep comes soon after, or late; never late where a second phase may have run out of time meanwhile. */
  async #wait(step: Step): Promise<void> {
    this.#rig.clock.advance(step.millis);
    if (step.legacy && this.#phones.every(({ inSecondPhase }) => inSecondPhase.size === 0)) return;
    await this.#rig.sweep();
  }

  /** Whatever is still open ends by the clock, and everything has been counted once and recorded at most once. */
  async finish(): Promise<void> {
    for (let pass = 0; pass < 3; pass++) {
      this.#rig.clock.advance(3_600_000);
      await this.#rig.sweep();
    }
    this.#account(undefined);
    for (const { phone, open, inSecondPhase } of this.#counts ? this.#phones : []) {
      const left = [...open, ...[...inSecondPhase.values()].flatMap(({ ids }) => [...ids])];
      assert.deepEqual({ phone: phone.name, left }, { phone: phone.name, left: [] });
    }
    const entries = await this.#rig.store.audit.read(1, 10_000);
    const records = entries.flatMap((entry) => ('record' in entry ? [entry.record] : []));
    assert.equal(new Set(records.map(({ id }) => id)).size, records.length);
    assert.equal(
      records.every(({ policy }) => policy !== 'once'),
      true,
    );
    const accepted = this.#phones.reduce((sum, state) => sum + state.accepted, 0);
    if (this.#counts) assert.equal(records.filter(({ outcome }) => outcome === 'accepted').length, accepted);
    assert.deepEqual((await this.#rig.store.audit.verify()).problems, []);
  }

  #cookieOf({ cookie }: Step): string {
    return this.#counts ? 'the only one' : String(cookie);
  }

  #reload(): void {
    if (this.#counts) return;
    this.#inForce = (this.#inForce + 1) % this.#sets.length;
    this.#rig.usePolicies(this.#sets[this.#inForce]);
  }

  async #outband(state: PhoneState, step: Step): Promise<void> {
    const answers = this.#answersOf(state, step).slice(0, 1);
    if (answers.length === 0 || this.#counts) return;
    const now = this.#rig.clock.wall();
    const worth = state.oracle.worthOf({ answers, now });
    const reply = await this.#rig.send(outbandMessage(answers), typeOf('1.3'), { host: hostOf(state.phone) });
    if (readReply(reply).code !== '200') return;
    assert.equal(worth.length, 1, 'a worthless answer was taken');
    for (const { asked } of worth) state.oracle.hold(worth, asked.cookie);
    assert.deepEqual(this.#rig.upstream.unanswered, []);
  }

  async #login(state: PhoneState, step: Step): Promise<void> {
    const { phone, oracle } = state;
    const { clock, upstream } = this.#rig;
    const version = step.legacy ? '1.1' : '1.3';
    const cookie = this.#cookieOf(step);
    const answers = step.legacy ? [] : this.#answersOf(state, step);
    const attempt = { now: clock.wall(), cookie, version, answers } as const;
    const ways = oracle.waysThrough(this.#counts ? this.#sets.slice(0, 1) : this.#sets, attempt);
    const worth = oracle.worthOf(attempt);
    const seenBefore = upstream.seen.length;
    upstream.otherwise = this.#vaspSays(phone, version, step);
    const password = step.fourWay ? undefined : 'secret';
    const body = loginMessage({ phone, cookie, version, password, answers });
    const reply = await this.#rig.send(body, typeOf(version), { host: hostOf(phone) });
    const forwards = upstream.seen.slice(seenBefore);

    assert.ok(forwards.length <= 1, 'a login was forwarded twice');
    if (forwards.length === 1) {
      assert.ok(ways.length > 0, 'a login was forwarded without acceptance');
      assert.equal(forwards[0]?.vasp, phone.vasp);
      assert.ok(!forwards[0]?.body.includes('SystemMessageResponseList'), 'answers were forwarded');
      // A question that was answered here for the first time has had no reply that asked it since its last end.
      const answered = new Set(worth.map(({ asked }) => asked.policy.id));
      if (!state.inSecondPhase.has(cookie)) for (const id of answered) state.open.add(id);
      if (step.vasp === 'accepts') {
        // What a second phase carries is not looked at, and not used up.
        if (!oracle.isChallenged(attempt)) oracle.usedUp(answers.map(({ token }) => token));
        oracle.accepted(cookie, ways, clock.wall());
      }
      if (step.vasp === 'refuses' || step.vasp === 'fails') oracle.refused(cookie);
      if (step.vasp === 'challenges') {
        this.#account(step);
        // Which set it was let through under is not known here, nor so for how long.
        const millis = Math.max(...ways.flatMap(({ decides }) => decides ?? []));
        const until = clock.wall() + millis;
        if (Number.isFinite(until)) {
          oracle.challenged(
            cookie,
            ways.flatMap(({ worth: answered }) => answered),
            answers,
            until,
          );
          if (state.open.size > 0) state.inSecondPhase.set(cookie, { ids: new Set(state.open), until });
          state.open.clear();
        }
      }
    }
    const read = readReply(reply);
    this.#account(step, new Set(worth.filter(({ option }) => option === 'none').map(({ asked }) => asked.policy.id)));
    state.latest = read.asked.length === 0 ? state.latest : read.asked.map(({ token }) => token);
    for (const { token, text } of read.asked) this.#remember(state, token, text, cookie);
    if (read.asked.length > 0) oracle.hold(worth, cookie);
    if (forwards.length === 0) {
      const good = read.asked.length > 0 ? worth.map(({ asked }) => asked.token) : [];
      if (read.asked.length === 0 && read.code !== '408') oracle.denied();
      oracle.usedUp(answers.map(({ token }) => token).filter((token) => !good.includes(token)));
    }
    // What was answered beside questions that are still open is held for the next login.
    const sets = new Set(read.asked.map(({ token }) => oracle.asked.get(token)?.set));
    for (const { asked } of worth) {
      if (sets.has(asked.set) && asked.policy.mode === 'enforce') state.open.add(asked.policy.id);
    }
  }

  #remember(state: PhoneState, token: string, text: string, cookie: string): void {
    const [id = '', version = ''] = text.split(' ');
    const set = this.#sets[Number(version) - 1];
    const policy = set?.policies.find((candidate) => candidate.id === id);
    if (set === undefined || policy === undefined) throw new Error(`asked what no set asks: ${text}`);
    assert.equal(policy.mode, 'enforce');
    state.oracle.asked.set(token, { token, policy, set, cookie, at: this.#rig.clock.wall() });
    state.open.add(id);
  }

  #vaspSays(phone: Phone, version: '1.1' | '1.3', step: Step) {
    if (step.vasp === 'fails') return vaspFailure('timeout');
    const code = step.vasp === 'accepts' ? 200 : step.vasp === 'challenges' ? 401 : 409;
    this.#sessions += 1;
    const session = code === 200 ? `session-${this.#sessions}` : undefined;
    return vaspAnswer(vaspResponse(phone, version, code, session), typeOf(version));
  }

  #answersOf(state: PhoneState, step: Step): readonly Answer[] {
    return step.answers.flatMap((kind, index) => {
      const token = state.latest[index];
      return token === undefined ? [] : this.#answerOf(state, token, kind, step);
    });
  }

  #answerOf(state: PhoneState, token: string, kind: AnswerKind, step: Step): readonly Answer[] {
    const key = 'RED';
    switch (kind) {
      case 'none':
        return [];
      case 'wrong-key':
        return [{ token, option: '1', key: 'blue' }];
      case 'without-option':
        return [{ token, option: undefined, key }];
      case 'old': {
        const all = [...state.oracle.asked.keys()];
        return [{ token: all[step.millis % all.length] ?? token, option: '1', key }];
      }
      case 'foreign': {
        const others = this.#phones
          .filter((other) => other !== state)
          .flatMap(({ oracle }) => [...oracle.asked.keys()]);
        const other = others[step.millis % Math.max(1, others.length)];
        return other === undefined ? [] : [{ token: other, option: '1', key }];
      }
      case 'forged': {
        const bytes = Buffer.from(token, 'base64url');
        const bit = step.millis % (bytes.length * 8);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        return [{ token: bytes.toString('base64url'), option: '1', key }];
      }
      default:
        return [{ token, option: kind, key }];
    }
  }

  /** Goes over what was counted since the last step: a question ends only when it is open, and then is no longer. */
  #account(step: Step | undefined, declinedAnew: ReadonlySet<string> = new Set()): void {
    if (!this.#counts) return;
    const counted = this.#rig.metrics.slice(this.#counted);
    this.#counted = this.#rig.metrics.length;
    for (const [name, vasp, policy, outcome] of counted) {
      if (name !== 'negotiation' || !ENDS.has(String(outcome))) continue;
      const state = this.#phones.find(({ phone }) => phone.vasp === vasp);
      const id = String(policy);
      if (state === undefined) throw new Error(`counted for nobody: ${String(vasp)}`);
      const open = this.#openIn(state, id, step);
      // An answer that nobody waited for, but that was still good, is a negotiation by itself.
      if (outcome === 'declined' && declinedAnew.has(id)) open.add(id);
      // Whoever logs in with a client that cannot be asked may or may not have been asked on another.
      if (outcome === 'cannot-ask') open.add(id);
      assert.ok(open.has(id), `${String(outcome)} counted of ${id} at ${String(vasp)}, which is not open`);
      open.delete(id);
      for (const [cookie, { ids }] of state.inSecondPhase) if (ids.size === 0) state.inSecondPhase.delete(cookie);
      if (outcome === 'accepted' && id !== 'once') state.accepted += 1;
    }
  }

  /** Where a question was open that has ended: with a second phase whose time is over, or that came, or asked. */
  #openIn({ inSecondPhase, open }: PhoneState, id: string, step: Step | undefined): Set<string> {
    const now = this.#rig.clock.wall();
    const over = [...inSecondPhase.values()].find(({ ids, until }) => now >= until && ids.has(id));
    if (over !== undefined) return over.ids;
    const own = step?.do === 'login' ? inSecondPhase.get(this.#cookieOf(step)) : undefined;
    return own?.ids.has(id) === true ? own.ids : open;
  }
}
