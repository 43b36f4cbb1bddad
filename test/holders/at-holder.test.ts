/** Who is asked for a share, how long a share without a holder is waited for, and that nobody waits while the store is away. */
import { expect, test } from '@jest/globals';
import { StoreWriteError } from '../../gateway/errors.ts';
import { AtHolder, notHeld } from '../../gateway/holders/at-holder.ts';
import type { Peer } from '../../gateway/node-ports.ts';
import { Channel, type Line } from '../../gateway/workers/channel.ts';

interface Speaker {
  speak(): Promise<string>;
}

const SHARE = 3;

/** One node that asks, and one other, `b`, that answers as `there` does, or to which nothing gets through. */
function world(there: () => Promise<string> = async () => 'there') {
  const state = {
    now: 0,
    holder: undefined as string | undefined,
    isAway: false,
    isDeaf: false,
    pauses: 0,
    leftMillis: 1_000,
    waited: [] as number[],
  };
  const listeners: ((message: unknown) => void)[] = [];
  const away: ((isAway: boolean) => void)[] = [];
  const line = (to: number, from: number): Line => ({
    send: (message) => {
      if (!state.isDeaf) setImmediate(() => listeners[to]?.(message));
    },
    onMessage: (listener) => {
      listeners[from] = listener;
    },
    onClose: () => undefined,
  });
  const b: Peer = { id: 'b', channel: new Channel(line(1, 0), 500) };
  new Channel(line(0, 1)).serve<Speaker>('speaker', { speak: there });
  const at = new AtHolder<Speaker>(
    {
      nodes: {
        id: 'a',
        peers: () => [b],
        peer: (id) => (id === 'b' ? b : undefined),
        onPeer: (told) => told(b),
        onGap: () => undefined,
        isInTouch: () => true,
        close: async () => undefined,
      },
      shares: {
        holder: () => state.holder,
        isHeld: () => state.holder === 'a',
        look: async () => state.holder,
        onMoved: () => undefined,
        begin: async () => true,
        leave: async () => undefined,
      },
      store: {
        isAway: () => state.isAway,
        onChange: (listener) => void away.push(listener),
        leftMillis: () => state.leftMillis,
        waited: (millis) => void state.waited.push(millis),
      },
      now: () => state.now,
      pause: async (millis) => {
        state.pauses += 1;
        state.now += millis;
      },
    },
    'speaker',
    { speak: async () => 'here' },
  );
  const goAway = (): void => {
    state.isAway = true;
    for (const listener of away) listener(true);
  };
  return { state, goAway, ask: () => at.ask(SHARE, (holder) => holder.speak()) };
}

test('whoever holds the share is asked', async () => {
  const { state, ask } = world();
  state.holder = 'a';
  expect(await ask()).toBe('here');
  state.holder = 'b';
  expect(await ask()).toBe('there');
  expect(state.pauses).toBe(0);
});

test('a share that moves is waited for, and asked of its next holder', async () => {
  const { state, ask } = world(async () => {
    state.holder = 'a';
    throw notHeld(SHARE);
  });
  state.holder = 'b';
  expect(await ask()).toBe('here');
  expect(state.pauses).toBe(1);
});

test('a share that nobody holds is waited for once for all that is asked in a row, and anew later', async () => {
  const { state, ask } = world();
  const waited = async (): Promise<number> => {
    const from = state.now;
    await expect(ask()).rejects.toMatchObject({ code: 'NOT_HELD' });
    return state.now - from;
  };
  expect(await waited()).toBeGreaterThan(500);
  expect(await waited()).toBeLessThanOrEqual(50);
  expect(await waited()).toBeLessThanOrEqual(50);
  state.now += 10_000;
  expect(await waited()).toBeGreaterThan(500);
  state.holder = 'a';
  expect(await ask()).toBe('here');
  state.holder = undefined;
  expect(await waited()).toBeGreaterThan(500);
});

test('while the store is away nobody waits: neither for a holder nor for an answer that is on its way', async () => {
  const { state, goAway, ask } = world();
  state.holder = 'b';
  state.isDeaf = true;
  const asked = ask();
  goAway();
  await expect(asked).rejects.toEqual(new StoreWriteError('EAWAY'));
  await expect(ask()).rejects.toEqual(new StoreWriteError('EAWAY'));
  state.holder = undefined;
  await expect(ask()).rejects.toMatchObject({ code: 'NOT_HELD' });
  expect(state.pauses).toBe(0);
  state.holder = 'a';
  expect(await ask()).toBe('here');
});

test('what a client has waited for a slow store it does not wait for another node as well', async () => {
  const { state, ask } = world();
  state.leftMillis = 100;
  await expect(ask()).rejects.toMatchObject({ code: 'NOT_HELD' });
  expect(state.now).toBeLessThanOrEqual(100);
  state.now += 20_000;
  state.leftMillis = 20;
  state.holder = 'b';
  state.isDeaf = true;
  // The channel itself would wait for 500 ms: this ends before, by a time-out of its own.
  await expect(ask()).rejects.toMatchObject({ why: 'timeout', message: 'speaker: timeout' });
});

test('what a client has waited for another node it does not wait for the store as well', async () => {
  const { state, ask } = world();
  state.holder = 'b';
  expect(await ask()).toBe('there');
  expect(state.waited).toEqual([]);
  state.isDeaf = true;
  const asked = ask();
  state.now += 600;
  await expect(asked).rejects.toMatchObject({ why: 'timeout' });
  expect(state.waited).toEqual([600]);
  state.holder = undefined;
  state.now += 20_000;
  await expect(ask()).rejects.toMatchObject({ code: 'NOT_HELD' });
  expect(state.waited.at(-1)).toBeGreaterThan(500);
});
