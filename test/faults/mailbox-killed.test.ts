/**
 * kill -9 at random moments while messages for users who are away are stored, handed over, acknowledged, rejected and reported
 * on, under load: nothing that a sender was told is kept is lost, nothing comes twice under different ids, and what is counted
 * is what is there [reliability §5, D1]. Twenty kills in every run, five hundred before a release.
 */
import { beforeAll, expect, test } from '@jest/globals';
import { temporaryFolder } from '../main/running.ts';
import { isNightly, scaled } from '../scale.ts';
import { isKept, isRefused, type KilledResult, runKilled, unreported } from './mailbox-killed.ts';
import type { Got } from './mailbox-recipients.ts';
import { reportKey, type Sent } from './mailbox-senders.ts';

const SEED = Number(process.env.FAULTS_SEED ?? 20_041_123);
const KILLS = scaled(20, 500);

let run: KilledResult;
/** What the gateway kept, with what its recipient got of it. */
let kept: readonly (Sent & { readonly got: Got | undefined })[];

beforeAll(
  async () => {
    run = await runKilled({ directory: temporaryFolder(), kills: KILLS, senders: 6, recipients: 12, seed: SEED });
    const sent = run.senders.flatMap((sender) => sender.sent);
    kept = sent
      .filter((one) => isKept(one, run.vasp))
      .map((one) => ({ ...one, got: run.recipients.get(one.to)?.got.get(one.text) }));
    const again = sent.filter(({ tries }) => tries > 1).length;
    const told = `${sent.length} messages, ${kept.length} kept, ${again} said more than once`;
    console.log(`seed ${SEED}; ${told}; at each kill: ${run.moments.join('; ')}`);
  },
  isNightly ? 7_200_000 : 300_000,
);

const textOf = ({ text, to }: Sent): string => `${text}, for ${to}`;

test('there was something to lose', () => {
  expect(kept.length).toBeGreaterThan(2 * KILLS);
  expect(kept.filter(({ tries }) => tries > 1).length).toBeGreaterThan(0);
  expect(run.wrong).toEqual([]);
  expect(run.vasp.strays).toEqual([]);
  expect(run.senders.flatMap(({ sent }) => sent).filter(({ code }) => code !== 200 && code !== 532)).toEqual([]);
});

test('no message is lost of which its sender was told that it is kept', () => {
  const lost = kept.filter((one) => {
    if (one.got !== undefined && (one.got.isAcknowledged || one.got.isRejected || one.got.isUnsure)) return false;
    if (!one.isShortLived) return true;
    const codes = run.senders.find(({ phone }) => phone.user === one.from)?.reports.get(keyOf(one)) ?? [];
    return one.wantsReport && !codes.includes(542);
  });
  expect(lost.map(textOf)).toEqual([]);
});

test('none comes under two ids, however often its sender said it', () => {
  const got = [...run.recipients.values()].flatMap((one) => [...one.got]);
  const twice = got.filter(([, { ids }]) => ids.size > 1);
  expect(twice.map(([text]) => text)).toEqual([]);
  const ids = got.flatMap(([, one]) => [...one.ids.keys()]);
  expect(new Set(ids).size).toBe(ids.length);
});

test('none comes again that was acknowledged or rejected', () => {
  const again = [...run.recipients.values()].flatMap((one) => [...one.got].filter(([, got]) => got.again > 0));
  expect(again.map(([text]) => text)).toEqual([]);
});

test('what one wrote to another comes in the order in which it was written', () => {
  const pairs = new Set(kept.map(pairOf));
  const wrong = [...pairs].flatMap((pair) => {
    const pushed = kept.filter((one) => pairOf(one) === pair && one.got?.place !== undefined);
    const byPlace = pushed.toSorted((a, b) => (a.got?.place ?? 0) - (b.got?.place ?? 0));
    const numbers = byPlace.map(({ number }) => number);
    return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))
      ? []
      : [`${pair}: ${numbers.join(' ')}`];
  });
  expect(wrong).toEqual([]);
});

test('every report that was wanted comes, and none that was not', () => {
  expect(unreported(run.senders, run.recipients, run.vasp)).toEqual([]);
  const sent = run.senders.flatMap((sender) => sender.sent);
  const wanted = new Set(sent.filter(({ wantsReport }) => wantsReport).map(keyOf));
  // Of several recipients one may have come between two tries: the VASP has the message for it too, and gives the second try
  // another id. A message to one user is known before the VASP hears of it again.
  const said = new Map<string, number>();
  for (const one of sent) said.set(sayingOf(one), (said.get(sayingOf(one)) ?? 0) + 1);
  const toSeveral = sent.filter((one) => one.tries > 1 && (said.get(sayingOf(one)) ?? 0) > 1);
  const twofold = new Set(toSeveral.filter((one) => !isKept(one, run.vasp)).map(({ to }) => to));
  const reported = run.senders.flatMap(({ reports }) => [...reports]);
  const stray = reported.filter(([key]) => !wanted.has(key)).map(([key]) => key);
  expect(stray.filter((key) => !twofold.has(key.slice(key.lastIndexOf(' ') + 1)))).toEqual([]);
  // A message has one end.
  expect(reported.filter(([, codes]) => new Set(codes).size > 1)).toEqual([]);
});

test('the VASP refuses whom the recipient blocks, and nothing of that is kept', () => {
  const refused = run.senders.flatMap(({ sent }) => sent).filter(({ from, to }) => isRefused(from, to));
  expect(refused.length).toBeGreaterThan(0);
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set([532]));
  const got = refused.filter(({ to, text }) => run.recipients.get(to)?.got.has(text));
  expect(got.map(textOf)).toEqual([]);
});

test('what is counted is what is there', () => {
  for (const { metrics, api, store, totals } of [run.midway, run.finally]) {
    expect({ metrics, api, totals: { waiting: totals.waiting, dead: totals.dead } }).toEqual({
      metrics: store,
      api: store,
      totals: store,
    });
  }
  expect(run.midway.store.waiting).toBeGreaterThan(0);
  expect(run.finally.totals).toMatchObject({ waiting: 0, waitingBytes: 0, reports: 0, dead: 0 });
});

test('nobody is told more than once in a window, and everybody once, but for what was on its way at a kill', () => {
  const { notifications } = run.midway;
  expect(notifications.length).toBeGreaterThan(0);
  expect(notifications.filter(({ sentAt }) => sentAt === null)).toEqual([]);
  // Nobody knows whether that arrived: it waits for the next window.
  const lost = notifications.filter(({ state }) => state === 'sending').length;
  const taken = run.sms.taken();
  expect(taken.size + lost).toBeGreaterThanOrEqual(notifications.length);
  expect([...taken].filter(([, calls]) => calls.length > 1).map(([user, calls]) => `${user}: ${calls.length}`)).toEqual(
    [],
  );
});

const sayingOf = ({ from, number }: Sent): string => `${from} ${number}`;
const pairOf = ({ from, to }: Sent): string => `${from} to ${to}`;
const keyOf = ({ messageId = '', to }: Sent): string => reportKey(messageId, to);
