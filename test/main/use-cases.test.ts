/** The two commands that somebody tries first: the gateway in one terminal, a phone in another. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { handset, type Served, serve } from './processes.ts';
import { temporaryFolder } from './running.ts';

let served: Served | undefined;

beforeAll(async () => {
  const folder = temporaryFolder();
  served = await serve('--store', 'memory:', '--secret-file', `${folder}/secret`);
});

afterAll(() => served?.program.kill());

const answered = (...args: readonly string[]): ReturnType<typeof handset> => handset(served?.url ?? '', ...args);

test('who accepts the charge and the terms is logged in', async () => {
  const { status, stdout } = await answered('--answer', 'accept,1', '--client-id', 'http://phone.example/1');
  expect(stdout).toContain('costs 0.10 EUR');
  expect(stdout).toMatch(/logged in/i);
  expect(status).toBe(0);
});

test('who wants presence alone is logged in, and cannot send', async () => {
  const bob = ['--user', 'wv:bob@sandbox'];
  const { status, stdout } = await answered(...bob, '--answer', '2,1', '--send', 'wv:alice@sandbox', '--text', 'hi');
  expect(stdout).toMatch(/506/);
  expect(stdout).toMatch(/does not include SendMessage-Request/);
  expect(status).toBe(1);
});

test('who declines is told so in the words of the policy', async () => {
  const { status, stdout } = await answered('--user', 'wv:carol@sandbox', '--answer', '3,1');
  expect(stdout).toContain('You declined the charge, so you were not logged in.');
  expect(status).toBe(1);
});

test('a phone that cannot be asked is sent to the page', async () => {
  const { status, stdout } = await answered('--user', 'wv:dave@sandbox', '--version', '1.1', '--answer', '1,1');
  expect(stdout).toContain(`A message costs 0.10 EUR. Accept: ${served?.url}consent/`);
  expect(status).toBe(1);
});
