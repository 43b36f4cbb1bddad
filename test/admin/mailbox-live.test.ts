/**
 * The mailbox of a gateway that runs, by the API and in the phones: what an operator sees of messages that wait, throws away
 * and forgets is what the recipient does not get, and whom no bearer could tell is told of.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { RunningGateway } from '../../gateway/main.ts';
import { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { call, metric, tokenFile, until } from '../main/admin-calls.ts';
import { policyFolder, start, temporaryFolder, testConfig } from '../main/running.ts';

const KEEP = `kind: off-line-user
id: away
notify: { bearer: sms, text: { en: "{count} waiting" }, atMostEvery: 30m }
`;
const ALICE = 'wv:alice@sandbox';
const BOB = 'wv:bob@sandbox';

let gateway: RunningGateway;
let admin: string;
let alice: Handset;
const phones: Handset[] = [];

beforeEach(async () => {
  const secretFile = join(temporaryFolder(), 'who');
  writeFileSync(secretFile, 'somebody');
  const sms = { kind: 'kannel', url: 'http://127.0.0.1:1/cgi-bin/sendsms', from: undefined } as const;
  gateway = await start(
    testConfig({
      policies: policyFolder({ 'away.yaml': KEEP }),
      adminTokenFile: tokenFile(),
      bearers: new Map([['sms', { ...sms, userFile: secretFile, passwordFile: secretFile }]]),
    }),
  );
  admin = `http://127.0.0.1:${gateway.admin.port}`;
  alice = await loggedIn(ALICE);
});
afterEach(async () => {
  for (const phone of phones.splice(0)) await phone.close();
  await gateway.stop();
});

async function loggedIn(userId: string): Promise<Handset> {
  const phone = new Handset({ url: `http://127.0.0.1:${gateway.listen.port}/`, userId, password: 'secret' });
  phones.push(phone);
  expect(await phone.login()).toMatchObject({ kind: 'logged-in' });
  return phone;
}

const api = async (method: string, path: string, body?: unknown) =>
  (await call(admin, method, `mailbox${path}`, body)).json;
const textsOf = (events: readonly { readonly kind: string; readonly text?: string }[]) =>
  events.flatMap(({ kind, text }) => (kind === 'message' ? [text] : []));

test('what is thrown away the recipient does not get; what is not comes', async () => {
  for (const text of ['one', 'two']) {
    expect(await alice.send(BOB, text)).toMatchObject({
      code: 200,
      messageId: expect.stringMatching(/^sapgw\.mail\./),
    });
  }
  expect(await api('GET', '')).toMatchObject({ waiting: 2, waitingBytes: 6, reports: 0, dead: 0 });
  expect(await metric(admin, 'sapgw_mailbox_messages')).toBe(2);
  const { messages } = (await api('POST', '/list', { user: 'bob@sandbox' })) as { messages: { id: string }[] };
  expect(messages).toMatchObject([
    { policy: 'away', bytes: 3, state: 'waiting', tries: 0 },
    { policy: 'away', bytes: 3 },
  ]);
  expect(JSON.stringify(messages)).not.toMatch(/alice|bob|one|two/);
  expect(await api('POST', '/purge', { id: messages[0]?.id })).toEqual({ purged: 1 });
  const bob = await loggedIn(BOB);
  expect(textsOf(await bob.receive())).toEqual(['two']);
  expect(await api('GET', '')).toMatchObject({ waiting: 0 });
  expect(await metric(admin, 'sapgw_mailbox_total{result="purged"}')).toBe(1);
  expect(await metric(admin, 'sapgw_mailbox_total{result="delivered"}')).toBe(1);
});

test('of a user who is forgotten nothing waits any more', async () => {
  await alice.send(BOB, 'one');
  const exported = (await call(admin, 'POST', 'users/export', { user: BOB })).json;
  expect(exported).toMatchObject({ vasps: [{ mailbox: { messages: [{ bytes: 3 }], wishes: null } }] });
  const forgotten = (await call(admin, 'POST', 'users/forget', { user: BOB })).json;
  expect(forgotten).toMatchObject({ vasps: [{ mailbox: 1 }] });
  expect(await metric(admin, 'sapgw_mailbox_total{result="forgotten"}')).toBe(1);
  const bob = await loggedIn(BOB);
  expect(textsOf(await bob.receive())).toEqual([]);
  expect(await api('GET', '/notifications')).toMatchObject({ notifications: [] });
});

test('whom no bearer could tell is told of, and tried again when that is asked for', async () => {
  await alice.send(BOB, 'one');
  const failed = () => api('GET', '/notifications?state=failed');
  const shown = await until(failed, ({ notifications }) => Array.isArray(notifications) && notifications.length > 0);
  expect(shown).toMatchObject({ notifications: [{ policy: 'away', bearer: 'sms', failure: 'no-number' }], next: null });
  expect(await api('GET', '')).toMatchObject({ waiting: 1, notifications: { failed: 1 } });
  expect(await api('POST', '/notifications/retry', { user: BOB, policy: 'away' })).toEqual({ retried: 1 });
  await until(failed, ({ notifications }) => Array.isArray(notifications) && notifications.length > 0);
  expect(textsOf(await (await loggedIn(BOB)).receive())).toEqual(['one']);
});
