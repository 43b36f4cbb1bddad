/**
 * On-line System Messages of a gateway that runs, put together as `sapgw serve` does it: the calls that answers lead to, the
 * self-care page that the service contact names, and what of a user who is forgotten was still to be said.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type RunningGateway, startGateway } from '../../gateway/main.ts';
import type { HandsetEvent } from '../../gateway/sandbox/handset/events.ts';
import { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { onLine } from '../desk/world.ts';
import { call, metric, tokenFile, until } from './admin-calls.ts';
import { policyFolder, start, temporaryFolder, testConfig } from './running.ts';

const KEY = 'webhook-key-0123456789-0123456789';

let hooks: Server;
let hooksUrl: string;
const calls: { readonly signature: unknown; readonly body: string }[] = [];
/** Status codes of the next answers; 200 behind them. */
const codes: number[] = [];

beforeAll(async () => {
  hooks = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    calls.push({ signature: request.headers['x-sapgw-signature'], body });
    response.writeHead(codes.shift() ?? 200).end();
  });
  hooks.listen(0, '127.0.0.1');
  await once(hooks, 'listening');
  hooksUrl = `http://127.0.0.1:${(hooks.address() as AddressInfo).port}/hooks`;
});
afterAll(async () => {
  hooks.closeAllConnections();
  hooks.close();
  await once(hooks, 'close');
});

let gateway: RunningGateway | undefined;
const phones: Handset[] = [];
afterEach(async () => {
  for (const phone of phones.splice(0)) await phone.close();
  await gateway?.stop();
  gateway = undefined;
});

function keyFile(text = KEY): string {
  const file = join(temporaryFolder(), 'key');
  writeFileSync(file, text);
  return file;
}

async function running(policy: string, webhooks = { allow: [hooksUrl], keyFile: keyFile() }) {
  const policies = policyFolder({ 'policy.yaml': policy });
  gateway = await start(testConfig({ policies, adminTokenFile: tokenFile(), webhooks }));
  const url = `http://127.0.0.1:${gateway.listen.port}/`;
  const adminUrl = `http://127.0.0.1:${gateway.admin.port}`;
  const logIn = async (name: string): Promise<Handset> => {
    const phone = new Handset({ url, userId: `wv:${name}@sandbox`, password: 'secret' });
    phones.push(phone);
    expect((await phone.login()).kind).toBe('logged-in');
    return phone;
  };
  return { adminUrl, logIn };
}

function asked(events: readonly HandsetEvent[]) {
  const event = events.find((one) => one.kind === 'system-message');
  if (event === undefined) throw new Error('nothing is asked');
  return event.messages;
}

test('an answer leads to a signed call, again when it fails', async () => {
  const option = `options: [{ id: interested, text: { en: "Yes" }, do: [{ webhook: "${hooksUrl}/offers" }] }]`;
  const { adminUrl, logIn } = await running(onLine('offer', 'login', option, '{ en: "An offer?" }'));
  const alice = await logIn('alice');
  codes.push(503);
  const messages = asked(await alice.receive());
  expect(messages.map(({ text }) => text)).toEqual(['An offer?']);
  expect((await alice.answerSystemMessages(messages, [{ optionId: '1' }])).code).toBe(200);
  await until(
    async () => calls.length,
    (count) => count === 2,
  );
  const [{ signature, body } = { signature: '', body: '{}' }, again] = calls;
  expect(signature).toBe(`sha256=${createHmac('sha256', KEY).update(body).digest('hex')}`);
  expect(again).toEqual({ signature, body });
  expect(JSON.parse(body)).toMatchObject({
    event: 'system-message.answered',
    policy: 'offer',
    version: 1,
    option: 'interested',
    vasp: 'sandbox',
  });
  expect(body).not.toContain('alice');
  await until(
    () => metric(adminUrl, 'sapgw_webhooks_total{result="delivered"}'),
    (count) => count === 1,
  );
  expect(await metric(adminUrl, 'sapgw_webhooks_total{result="failed"}')).toBe(1);
});

test('a webhook that is not allowed, and a key that cannot be used, stop the start', async () => {
  const policy = onLine('offer', 'login', `options: [{ id: a, text: { en: A }, do: [{ webhook: "${hooksUrl}x" }] }]`);
  const config = testConfig({ policies: policyFolder({ 'policy.yaml': policy }) });
  const started = await startGateway({ ...config, webhooks: { allow: [hooksUrl], keyFile: keyFile() } });
  expect(started).toEqual({ kind: 'failed', problems: [expect.stringContaining('policy.yaml:7:')] });
  const unsigned = await startGateway(testConfig({ webhooks: { allow: [hooksUrl], keyFile: keyFile('too short') } }));
  expect(unsigned).toMatchObject({ kind: 'failed', problems: [expect.stringContaining('fewer than 32 characters')] });
});

test('the service contact names a self-care page, which shows and changes the preference', async () => {
  const { logIn } = await running(onLine('offer', 'operator'));
  const alice = await logIn('alice');
  await alice.send('wv:service@sandbox', 'help');
  const told = async () => asked(await alice.receive()).map(({ text }) => text);
  const [page = ''] = /http:\S+\/self-care\/[\w-]+/.exec((await told()).join()) ?? [];
  const shown = await (await fetch(page)).text();
  const [, form = ''] = /name="f" value="([^"]+)"/.exec(shown) ?? [];
  const changed = await fetch(page, { method: 'POST', body: new URLSearchParams({ f: form, off: 'x' }) });
  expect(changed.status).toBe(200);
  await alice.send('wv:service@sandbox', 'help status');
  expect((await told()).join()).toMatch(/\boff\b/);
});

test('what waits for a user who is forgotten is not said any more', async () => {
  const { adminUrl, logIn } = await running(onLine('notice', 'operator'));
  const user = 'wv:bob@sandbox';
  await call(adminUrl, 'POST', 'messages', { policy: 'notice', user, vasp: 'sandbox' });
  await until(
    () => metric(adminUrl, 'sapgw_system_messages_open'),
    (open) => open === 1,
  );
  expect((await call(adminUrl, 'POST', 'users/forget', { user })).status).toBe(200);
  expect(await metric(adminUrl, 'sapgw_system_messages_open')).toBe(0);
  const bob = await logIn('bob');
  expect(await bob.receive()).toEqual([]);
});
