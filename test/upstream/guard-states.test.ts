/** What the operator said of a VASP: at once in its process, soon in the others, after a restart, and with a store that fails. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { NoteStore } from '../../gateway/ports.ts';
import { type VaspStateChange, VaspStates } from '../../gateway/upstream/vasp-states.ts';

let now = 100;
let notes: Map<string, string>;
let isBroken = false;
let store: NoteStore;

beforeEach(() => {
  now = 100;
  notes = new Map();
  isBroken = false;
  const orFail = <T>(work: () => T): Promise<T> =>
    isBroken ? Promise.reject(new Error('no store')) : Promise.resolve(work());
  store = {
    get: (name) => orFail(() => notes.get(name)),
    put: (name, text) => orFail(() => void notes.set(name, text)),
  };
});

const process = (): VaspStates => new VaspStates(['a', 'b'], store, { wall: () => now });

async function restarted(): Promise<VaspStates> {
  const states = process();
  await states.follow();
  return states;
}

test('all serve until somebody says otherwise; a VASP that is not there cannot be changed', async () => {
  const states = await restarted();
  expect(states.entries()).toEqual([
    { vasp: 'a', state: 'serving', since: undefined },
    { vasp: 'b', state: 'serving', since: undefined },
  ]);
  expect(await states.change('c', 'suspended')).toBeUndefined();
  expect(notes.size).toBe(0);
});

test('a change holds at once, in the other processes when they follow, and after a restart', async () => {
  const [one, other] = [await restarted(), await restarted()];
  const told: VaspStateChange[] = [];
  other.onChange((change) => told.push(change));
  const changing = one.change('a', 'draining');
  expect(one.stateOf('a')).toBe('draining');
  expect(await changing).toEqual({ vasp: 'a', state: 'draining', since: 100, isKept: true });
  expect(other.stateOf('a')).toBe('serving');
  await other.follow();
  await other.follow();
  expect([other.stateOf('a'), other.stateOf('b')]).toEqual(['draining', 'serving']);
  expect(told).toEqual([{ vasp: 'a', state: 'draining', since: 100, isKept: true }]);
  expect((await restarted()).stateOf('a')).toBe('draining');
});

test('two processes that change one VASP agree, and two VASPs do not get in each other’s way', async () => {
  const [one, other] = [await restarted(), await restarted()];
  await Promise.all([one.change('a', 'suspended'), other.change('a', 'draining'), other.change('b', 'suspended')]);
  await one.follow();
  await other.follow();
  expect(one.entries()).toEqual(other.entries());
  expect(one.stateOf('b')).toBe('suspended');
});

test('the same again changes nothing', async () => {
  const states = await restarted();
  await states.change('a', 'suspended');
  now = 200;
  expect(await states.change('a', 'suspended')).toEqual({ vasp: 'a', state: 'suspended', since: 100, isKept: true });
});

describe('a store that cannot be written', () => {
  test('the state holds nevertheless, and is stored as soon as that is possible', async () => {
    const states = await restarted();
    isBroken = true;
    expect(await states.change('a', 'suspended')).toMatchObject({ isKept: false });
    await expect(states.follow()).rejects.toThrow();
    expect(states.stateOf('a')).toBe('suspended');
    isBroken = false;
    await states.follow();
    expect((await restarted()).stateOf('a')).toBe('suspended');
  });

  test('a process that is told of it keeps to it too', async () => {
    const [one, other] = [await restarted(), await restarted()];
    isBroken = true;
    const change = await one.change('a', 'suspended');
    if (change !== undefined) other.adopt(structuredClone(change));
    isBroken = false;
    await other.follow();
    expect(other.stateOf('a')).toBe('suspended');
  });
});

test('a note that is damaged is told, and hides no other', async () => {
  const states = await restarted();
  await (await restarted()).change('b', 'suspended');
  notes.set('vasp-state a', '{"state":"asleep","since":1}');
  await expect(states.follow()).rejects.toThrow(/damaged/);
  expect([states.stateOf('a'), states.stateOf('b')]).toEqual(['serving', 'suspended']);
});
