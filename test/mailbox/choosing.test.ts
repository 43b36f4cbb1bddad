/** Which kept message comes next in a session: in order, one at a time, with growing pauses, and never more than ten times. */
import { describe, expect, test } from '@jest/globals';
import { type Circumstances, chooseNext, MOST_TRIES } from '../../gateway/mailbox/choosing.ts';
import type { StoredMessage, Visitor } from '../../gateway/mailbox-ports.ts';

const NOW = 1_000_000_000;

const visitor: Visitor = {
  sessionKey: 'session-a',
  userKey: 'user',
  vasp: 'v',
  version: '1.2',
  openedAt: NOW - 60_000,
  gets: { messages: true, notifications: true, reports: true },
  delivery: { method: 'P', pushedBytes: undefined },
};

function message(id: string, changes: Partial<StoredMessage> = {}): StoredMessage {
  return {
    id,
    kind: 'message',
    userKey: 'user',
    senderKey: 'sender',
    vasp: 'v',
    policy: 'p',
    sequence: 1,
    storedAt: NOW - 100_000,
    expiresAt: NOW + 100_000,
    bytes: 100,
    state: 'waiting',
    reason: undefined,
    tries: 0,
    handedAt: undefined,
    envelope: new Uint8Array(0),
    ...changes,
  };
}

const report = (id: string, changes: Partial<StoredMessage> = {}): StoredMessage =>
  message(id, { kind: 'report', ...changes });

function choose(
  waiting: readonly StoredMessage[],
  changes: Partial<Circumstances> = {},
  who: Partial<Visitor> = {},
): string {
  const choice = chooseNext({ ...visitor, ...who }, waiting, {
    now: NOW,
    listsAreKnown: true,
    onWay: undefined,
    wasAnnounced: () => false,
    ...changes,
  });
  switch (choice.kind) {
    case 'hand-over':
      return `${choice.message.id} ${choice.how}`;
    case 'given-up':
      return `${choice.message.id} given up`;
    default:
      return choice.kind;
  }
}

describe('order', () => {
  test('the first one that waits', () => {
    expect(choose([message('a'), message('b')])).toBe('a whole');
    expect(choose([])).toBe('nothing');
  });

  test('one that nobody has acknowledged holds back those behind it, but no report', () => {
    const handed = message('a', { tries: 1, handedAt: NOW - 1_000 });
    expect(choose([handed, message('b')])).toBe('nothing');
    expect(choose([handed, message('b'), report('r')])).toBe('r whole');
  });

  test('what is too old is not handed over', () => {
    expect(choose([message('a', { expiresAt: NOW }), message('b')])).toBe('b whole');
  });
});

describe('again', () => {
  test.each([
    [1, 10_000],
    [2, 20_000],
    [3, 40_000],
    [9, 2_560_000],
  ])('after %i tries the pause is %i ms', (tries, pause) => {
    const who = { openedAt: NOW - 10_000_000 };
    const at = (since: number): string => choose([message('a', { tries, handedAt: NOW - since })], {}, who);
    expect(at(pause - 1)).toBe('nothing');
    expect(at(pause)).toBe('a whole');
  });

  test('at once in a session that was opened since', () => {
    expect(choose([message('a', { tries: 5, handedAt: visitor.openedAt - 1 })])).toBe('a whole');
  });

  test('not in two sessions at the same time', () => {
    const handed = message('a', { tries: 1, handedAt: NOW - 2_000 });
    const onWay = { id: 'a', sessionKey: 'session-b', at: NOW - 2_000 };
    const who = { openedAt: NOW - 1_000 };
    expect(choose([handed], { onWay }, who)).toBe('nothing');
    expect(choose([handed], { onWay: { ...onWay, at: NOW - 10_000 } }, who)).toBe('a whole');
  });

  test('ten times, and a report three times', () => {
    const old = NOW - 50_000_000;
    const who = { openedAt: old - 1 };
    expect(choose([message('a', { tries: MOST_TRIES - 1, handedAt: old })], {}, who)).toBe('a whole');
    expect(choose([message('a', { tries: MOST_TRIES, handedAt: old })], {}, who)).toBe('a given up');
    expect(choose([report('r', { tries: 3, handedAt: old })], {}, who)).toBe('r given up');
  });
});

describe('how', () => {
  test('announced where the client wants that, once a session, and those behind it too', () => {
    const delivery = { method: 'N', pushedBytes: undefined } as const;
    expect(choose([message('a')], {}, { delivery })).toBe('a announced');
    expect(choose([message('a'), message('b')], { wasAnnounced: (id) => id === 'a' }, { delivery })).toBe(
      'b announced',
    );
  });

  test('large ones are announced where the client said so', () => {
    const delivery = { method: 'P', pushedBytes: 99 } as const;
    expect(choose([message('a')], {}, { delivery })).toBe('a announced');
    expect(choose([message('a', { bytes: 99 })], {}, { delivery })).toBe('a whole');
  });

  test('only in ways that the level has', () => {
    const delivery = { method: 'N', pushedBytes: undefined } as const;
    const gets = { messages: true, notifications: false, reports: false };
    expect(choose([message('a')], {}, { delivery, gets })).toBe('a whole');
    expect(choose([report('r')], {}, { gets })).toBe('nothing');
    expect(choose([message('a')], {}, { gets: { messages: false, notifications: true, reports: true } })).toBe(
      'a announced',
    );
    expect(choose([message('a')], {}, { gets: { messages: false, notifications: false, reports: true } })).toBe(
      'nothing',
    );
  });

  test('no message before the lists are known, but reports', () => {
    expect(choose([message('a')], { listsAreKnown: false })).toBe('lists-wanted');
    expect(choose([report('r')], { listsAreKnown: false })).toBe('r whole');
  });
});
