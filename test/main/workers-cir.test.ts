/**
 * CIR with several processes: the phone's connection is held by one, its messages are handled by others, and it is called all
 * the same; also after every process that handles messages has been replaced.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { childText } from '../../gateway/csp/element.ts';
import { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { createSandbox, type Sandbox } from '../../gateway/sandbox/server.ts';
import { Line } from '../cir/stcp.ts';
import { call, metric, until } from './admin-calls.ts';
import { type Served, serveInTwo } from './processes.ts';
import { policyFolder, temporaryFolder } from './running.ts';

let sandbox: Sandbox;
let served: Served;

beforeAll(async () => {
  sandbox = createSandbox({ cirPort: 0 });
  const { url } = await sandbox.listen('127.0.0.1', 0);
  ({ served } = await serveInTwo(temporaryFolder(), {
    policies: policyFolder({}),
    vasps: { v: { url } },
    cir: { tcp: '127.0.0.1:0', blindInterval: '1h' },
  }));
});
afterAll(async () => {
  await served.program.kill();
  await sandbox.close();
});

/** Each phone has connections of its own, which the workers get in turn. */
async function logIn(name: string, cir: readonly ['STCP'] | readonly [] = []) {
  const identity = { url: served.url, userId: `wv:${name}@sandbox`, password: 'secret', sessionCookie: `of-${name}` };
  const phone = new Handset({ ...identity, cir });
  const result = await phone.login();
  if (result.kind !== 'logged-in') throw new Error(`${name} is ${result.kind}`);
  await phone.receive();
  return { phone, sessionId: result.sessionId, port: Number(childText(result.capabilities, 'TCPPort')) };
}

test('a phone is called whoever handles the messages', async () => {
  const alice = await logIn('alice', ['STCP']);
  const senders = [await logIn('bob'), await logIn('carol'), await logIn('dave')];
  const line = await Line.to(alice.port);
  expect(await line.ask(`HELO ${alice.sessionId}\r\n`)).toBe('OK');
  const isCalledBy = async ({ phone }: (typeof senders)[number], text: string): Promise<void> => {
    expect((await phone.send('wv:alice@sandbox', text)).ok).toBe(true);
    expect(await line.next()).toBe('WVCI 1.3 of-alice');
    expect(await alice.phone.receive()).toMatchObject([{ kind: 'message', text }]);
  };
  for (const [index, sender] of senders.entries()) await isCalledBy(sender, `before ${index}`);
  expect((await call(served.adminUrl, 'POST', 'workers/restart')).status).toBe(202);
  await until(
    () => metric(served.adminUrl, 'sapgw_worker_restarts_total{reason="asked"}'),
    (replaced) => replaced === 2,
  );
  for (const [index, sender] of senders.entries()) await isCalledBy(sender, `after ${index}`);
  await alice.phone.logout();
  expect(await line.next()).toBe('closed');
  for (const { phone } of [alice, ...senders]) await phone.close();
});
