/**
 * kill -9 at random moments of operator messages, their answers, additions to contact lists and webhooks: what was
 * acknowledged is not sent again, what was not is not forgotten, no answer counts twice, every effect was done, and what was
 * under way goes on by itself [reliability §5]. Five kills in every run, fifty before a release.
 */
import { beforeAll, expect, test } from '@jest/globals';
import type { MessageRecord } from '../../gateway/system-message-ports.ts';
import type { Person, Told } from '../load/messages-person.ts';
import { temporaryFolder } from '../main/running.ts';
import { isNightly, scaled } from '../scale.ts';
import { ABSENT } from './messages-adders.ts';
import { type KilledResult, NEWS, OPTIONS, runKilled } from './messages-killed.ts';

const SEED = Number(process.env.FAULTS_SEED ?? 20_040_917);
const KILLS = scaled(5, 50);
const PHONES = 60;

let run: KilledResult;
beforeAll(
  async () => {
    run = await runKilled({ directory: temporaryFolder(), kills: KILLS, phones: PHONES, perSecond: 45, seed: SEED });
    console.log(`seed ${SEED}; policy and queued/delivered/answered at each kill: ${run.moments.join(', ')}`);
  },
  isNightly ? 3_600_000 : 600_000,
);

/** Every message that anybody was told, with its record. */
function* toldWithRecord(people: readonly Person[]): Generator<readonly [Person, Told, MessageRecord]> {
  for (const person of people) {
    for (const [messageId, told] of person.told) {
      const record = run.records.get(messageId.slice('sapgw.'.length, 'sapgw.'.length + 22));
      if (record === undefined) throw new Error(`${messageId} is not in the store`);
      yield [person, told, record];
    }
  }
}

const everybody = (): readonly Person[] => [...run.crowd.people, ...run.absent.people];

test('nothing that was acknowledged is sent again', () => {
  const again = [...toldWithRecord(everybody())].filter(([, told]) => told.again > 0);
  expect(again.map(([{ phone }, told]) => `${phone.user}: ${told.text}`)).toEqual([]);
});

test('nobody is forgotten: every operator message reaches every phone once', () => {
  expect(run.sent.length).toBeGreaterThan(0);
  for (const { id, queued, full } of run.sent) {
    const users = [...toldWithRecord(run.crowd.people)].filter(([, , { broadcast }]) => broadcast === id);
    expect({
      queued,
      full,
      told: new Set(users.map(([{ phone }]) => phone.user)).size,
      messages: users.length,
    }).toEqual({
      queued: PHONES,
      full: 0,
      told: PHONES,
      messages: PHONES,
    });
  }
  expect([...run.crowd.surprises, ...run.absent.surprises, ...run.vasp.strays]).toEqual([]);
});

test('no answer counts twice, and none for another option', () => {
  for (const [{ mind, phone }, { received }, { state, option, policy }] of toldWithRecord(run.crowd.people)) {
    const chosen = received.isQuestion ? OPTIONS[(mind.choice ?? 0) - 1]?.[0] : undefined;
    expect({ user: phone.user, policy, state, option }).toEqual({
      user: phone.user,
      policy,
      state: received.isQuestion ? 'answered' : 'delivered',
      option: chosen,
    });
  }
});

test('what goes on after a kill is reported to the last message', () => {
  for (const { id, policy, ...report } of run.sent) {
    const records = [...run.records.values()].filter(({ broadcast }) => broadcast === id);
    const options: Record<string, number> = {};
    for (const { option } of records) if (option !== undefined) options[option] = (options[option] ?? 0) + 1;
    const isQuestion = policy === 'question';
    expect(records).toHaveLength(PHONES);
    expect(report).toMatchObject({
      state: 'sent',
      sent: PHONES,
      delivered: PHONES,
      answered: isQuestion ? PHONES : 0,
      options,
      open: 0,
      expired: 0,
      withdrawn: 0,
    });
  }
});

test('what an answer leads to is done: the contact, the acceptance once, the webhook under one key', () => {
  const yes = [...toldWithRecord(run.crowd.people)].filter(([, , { option }]) => option === 'yes');
  const added = new Set(run.vasp.added.filter(({ user }) => user === NEWS).map(({ sessionId }) => sessionId));
  expect(yes.filter(([{ phone }]) => !added.has(phone.sessionId ?? ''))).toEqual([]);
  // Nobody else was given the contact.
  expect(added.size).toBe(new Set(yes.map(([{ phone }]) => phone.user)).size);
  expect(run.acceptances).toBe(yes.length);
  expect([...run.receiver.calls.keys()].toSorted()).toEqual(yes.map(([, , { id }]) => id).toSorted());
  expect([...run.receiver.calls.values()].filter((bodies) => bodies.size !== 1)).toEqual([]);
  expect(run.receiver.wrong).toEqual([]);
});

test('everybody who was added while away is told once, and added back in the own session where that was chosen', () => {
  const { added, wrong } = run.adders;
  expect(wrong).toEqual([]);
  expect(added.size).toBeGreaterThan(KILLS);
  for (const { phone, told, mind } of run.absent.people) {
    const adder = added.get(Number(phone.user.slice(`wv:${ABSENT}-`.length, phone.user.indexOf('@'))));
    const texts = [...told.values()].map(({ text }) => text.split('\n')[0]);
    expect(texts).toEqual([`${adder} added you to a contact list. Add them too?`]);
    const users = run.vasp.added.filter(({ sessionId }) => sessionId === phone.sessionId).map(({ user }) => user);
    expect(new Set(users)).toEqual(new Set(mind.choice === 1 ? [adder] : []));
  }
});
