import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { DeadlineQueue, type Timed } from '../../gateway/upstream/deadlines.ts';

let now = 0;
let over: string[];

beforeEach(() => {
  jest.useFakeTimers();
  now = 0;
  over = [];
});
afterEach(() => {
  jest.useRealTimers();
});

function timed(name: string): Timed {
  return { endsAt: 0, older: undefined, newer: undefined, timeIsOver: () => over.push(name) };
}

function pass(millis: number): void {
  for (let passed = 0; passed < millis; passed += 1) {
    now += 1;
    jest.advanceTimersByTime(1);
  }
}

test('each ends at its own time, in order, and only once', () => {
  const queue = new DeadlineQueue(100, () => now);
  queue.add(timed('a'));
  pass(30);
  queue.add(timed('b'));
  pass(69);
  expect(over).toEqual([]);
  pass(1);
  expect(over).toEqual(['a']);
  pass(29);
  expect(over).toEqual(['a']);
  pass(500);
  expect(over).toEqual(['a', 'b']);
});

test.each([[[0]], [[1]], [[2]], [[0, 1]], [[1, 2]], [[0, 2]], [[0, 1, 2]]])(
  'lifted limits do not end: %j',
  (lifted) => {
    const queue = new DeadlineQueue(100, () => now);
    const all = ['a', 'b', 'c'].map(timed);
    for (const one of all) queue.add(one);
    pass(10);
    for (const index of lifted) {
      const one = all[index];
      if (one === undefined) throw new RangeError('no such limit');
      queue.remove(one);
      queue.remove(one);
    }
    pass(200);
    expect(over).toEqual(['a', 'b', 'c'].filter((_, index) => !lifted.includes(index)));
  },
);

test('keeps one timer at most, however many limits run', () => {
  const queue = new DeadlineQueue(100, () => now);
  for (let count = 0; count < 1000; count += 1) queue.add(timed(String(count)));
  expect(jest.getTimerCount()).toBe(1);
  pass(100);
  expect(over.length).toBe(1000);
  expect(jest.getTimerCount()).toBe(0);
});
