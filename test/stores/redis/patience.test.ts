/** How long a command to Redis may take, by what the ones before took. */
import { expect, test } from '@jest/globals';
import { Patience } from '../../../gateway/stores/redis/patience.ts';

test('while Redis is quick, each command has all the time there is', () => {
  const patience = new Patience(450);
  patience.took(0, 3);
  patience.took(10, 50);
  expect(patience.left(60)).toBe(450);
});

test('commands one after the other share it, down to the least that a quick one takes', () => {
  const patience = new Patience(450);
  patience.took(0, 300);
  expect(patience.left(300)).toBe(150);
  patience.took(300, 440);
  expect(patience.left(440)).toBe(100);
  expect(patience.left(10_000)).toBe(100);
});

test('a moment in which nothing was answered counts once, however many waited', () => {
  const patience = new Patience(450);
  for (let sentAt = 0; sentAt < 100; sentAt++) patience.took(sentAt, 400);
  expect(patience.left(400)).toBe(100);
  patience.took(401, 405);
  expect(patience.left(406)).toBe(450);
});

test('an answer to what was sent before the slow time does not end it', () => {
  const patience = new Patience(450);
  patience.took(100, 300);
  patience.took(90, 120);
  expect(patience.left(300)).toBe(250);
});

test('one that has less in all has no more for the last', () => {
  const patience = new Patience(30);
  patience.took(0, 60);
  expect(patience.left(1_000)).toBe(30);
});

test('what was waited for another node leaves less, until Redis is quick', () => {
  const patience = new Patience(650);
  patience.waited(100, 1_000);
  expect(patience.left(1_000)).toBe(650);
  patience.waited(600, 1_600);
  expect(patience.left(1_600)).toBe(300);
  expect(patience.left(1_700)).toBe(200);
  // A shorter wait leaves no more than there was.
  patience.waited(650, 1_700);
  expect(patience.left(1_700)).toBe(200);
  patience.waited(5_000, 1_700);
  expect(patience.left(1_700)).toBe(100);
  patience.took(1_700, 1_710);
  expect(patience.left(1_710)).toBe(650);
});
