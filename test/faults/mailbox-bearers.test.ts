/**
 * Bearers that are down, drop the connection after taking the call, hang, or cannot: senders do not notice, the operator is told
 * which notifications wait and why, and they go out when the bearer is back, without a restart [X61].
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startGateway } from '../../gateway/main.ts';
import { letter, MailPhone } from '../load/mailbox-phone.ts';
import { MailboxVasp } from '../load/mailbox-vasp.ts';
import { Lanes } from '../load/messages-lanes.ts';
import { call, metric, tokenFile, until } from '../main/admin-calls.ts';
import { policyFolder, temporaryFolder, testConfig, vaspConfig } from '../main/running.ts';
import { type Mood, SmsCentre } from './mailbox-sms-centre.ts';

/** How each bearer fails, with what is told of it. */
const FAILING: readonly (readonly [name: string, how: Mood | 'down', failure: RegExp])[] = [
  ['down', 'down', /^ECONNREFUSED$/],
  ['drops', 'drops', /^lost$/],
  ['hangs', 'hangs', /^timeout$/],
  ['refuses', 'refuses', /^answered-503$/],
];
const EACH = 5;

let vasp: MailboxVasp;
const centres = new Map<string, SmsCentre>();
beforeAll(async () => {
  vasp = await MailboxVasp.listen();
  for (const [name] of FAILING) centres.set(name, await SmsCentre.listen());
});
afterAll(async () => {
  await vasp.close();
  for (const centre of centres.values()) await centre.close();
});

const policy = (name: string): string => `kind: off-line-user
id: ${name}
applies: { users: ["wv:${name}-*"] }
storeOn: [533]
notify: { bearer: ${name}, text: { en: "{sender} wrote to you." }, atMostEvery: 1h }
`;

interface Notification {
  readonly policy: string;
  readonly state: string;
  readonly tries: number;
  readonly failure: string | null;
}

test('no sender waits for a bearer, and every notification goes out when its bearer is back', async () => {
  const place = temporaryFolder();
  const started = await startGateway(
    testConfig({
      vasps: [vaspConfig('im', vasp.url)],
      useSandbox: false,
      adminTokenFile: tokenFile(),
      policies: policyFolder(Object.fromEntries(FAILING.map(([name]) => [`${name}.yaml`, policy(name)]))),
      bearers: new Map(
        [...centres].map(([name, centre]) => [
          name,
          { kind: 'webhook', url: centre.url, keyFile: centre.keyFile(place) },
        ]),
      ),
    }),
  );
  if (started.kind === 'failed') throw new Error(started.problems.join('\n'));
  const { gateway } = started;
  const adminUrl = `http://127.0.0.1:${gateway.admin.port}`;
  const lanes = new Lanes(gateway.listen.port, 4);
  const notifications = async (): Promise<ReadonlyMap<string, Notification>> => {
    const { json } = await call(adminUrl, 'GET', 'mailbox/notifications');
    return new Map((json.notifications as readonly Notification[]).map((one) => [one.policy, one]));
  };
  try {
    for (const [name, how] of FAILING) {
      const centre = centres.get(name);
      if (how === 'down') await centre?.fall();
      else if (centre !== undefined) centre.mood = how;
    }
    const phone = new MailPhone('wv:romeo@im.example', { version: '1.2', encoding: 'xml' }, lanes);
    expect(await phone.logIn()).toBe(200);
    // While one bearer hangs for ever all of them are answered.
    for (let number = 0; number < EACH; number++) {
      for (const [name] of FAILING) {
        const sent = await phone.request(letter(phone.user, { to: [`wv:${name}-1@im.example`], text: `${number}` }));
        expect(sent.code).toBe(200);
      }
    }
    const failed = await until(notifications, (all) =>
      [...all.values()].every(({ failure }) => typeof failure === 'string'),
    );
    for (const [name, , failure] of FAILING) {
      expect(failed.get(name)).toMatchObject({ state: 'waiting', failure: expect.stringMatching(failure) });
    }
    for (const [name, how] of FAILING) {
      const centre = centres.get(name);
      if (centre !== undefined) centre.mood = 'takes';
      if (how === 'down') await centre?.rise();
    }
    await until(notifications, (all) => [...all.values()].every(({ state }) => state === 'sent'));
    for (const [name, centre] of centres) {
      expect([name, [...centre.taken()].map(([user, calls]) => [user, calls.length])]).toEqual([
        name,
        [[`wv:${name}-1@im.example`, 1]],
      ]);
    }
    expect(await metric(adminUrl, 'sapgw_mailbox_messages')).toBe(EACH * FAILING.length);
  } finally {
    lanes.close();
    await gateway.stop();
  }
}, 60_000);
