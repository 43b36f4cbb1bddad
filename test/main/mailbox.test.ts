/**
 * The whole way of a message to somebody who is away, with a gateway in a process of its own, a real Kannel and two handsets:
 * kept, announced by a text message, asked about at login, delivered, answered, reported on [X60 to X63]. Without Kannel
 * (Debian: kannel, kannel-extras) one test says so; in CI it must be there.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { createSandbox, type Sandbox } from '../../gateway/sandbox/server.ts';
import { isKannelHere, type Kannel, startKannel } from '../bearers/kannel.ts';
import { SPELLINGS, type Spelling } from '../gateway/messages.ts';
import { call, metric, TOKEN, until } from './admin-calls.ts';
import { type Served, serve } from './processes.ts';
import { LEVELS, policyFolder, temporaryFolder } from './running.ts';

const POLICY = `kind: off-line-user
id: messages-waiting
keep: { messages: 100, bytes: 256KiB, for: 7d }
storeOn: [533, 410]
notify:
  bearer: sms
  text: { en: "{sender} sent you a message ({count} waiting). Log in to read it." }
  atMostEvery: 30m
atLogin:
  message: { en: "{count} messages are waiting for you." }
  options:
    - { id: login, text: { en: "Log in" }, proceed: true }
    - { id: ignore, text: { en: "Ignore" }, deny: { en: "You chose not to log in." } }
`;
/** A text message that has not come by then never will. */
const PATIENCE_MILLIS = 20_000;
const NAMES = SPELLINGS.flatMap((_, index) => [`alice-${index}`, `bob-${index}`]);
const numberOf = (index: number): string => `+4670123456${index}`;

if (!isKannelHere) {
  test('Kannel is not on this machine (Debian: kannel, kannel-extras), so nobody gets a text message', () => {
    expect(process.env.CI).toBeUndefined();
  });
} else {
  describe('a message to somebody who is away', () => {
    let kannel: Kannel;
    let sandbox: Sandbox;
    let served: Served;
    const phones: Handset[] = [];

    beforeAll(async () => {
      kannel = await startKannel();
      sandbox = createSandbox({ cirPort: 0, users: NAMES.map((id) => ({ id, password: 'secret' })) });
      const { url } = await sandbox.listen('127.0.0.1', 0);
      const place = temporaryFolder();
      const file = (name: string, text: string): string => {
        writeFileSync(join(place, name), text);
        return join(place, name);
      };
      const subscribers = NAMES.map((name) => {
        const [, who, index] = /^(\w+)-(\d)$/.exec(name) ?? [];
        return `wv:${name}@sandbox ${who === 'bob' ? numberOf(Number(index)) : ''}`;
      });
      const { from: _from, ...bearer } = kannel.bearer;
      const config = {
        admin: { listen: '127.0.0.1:8081', tokenFile: file('token', TOKEN) },
        policies: policyFolder({ 'levels.yaml': LEVELS, 'waiting.yaml': POLICY }),
        store: `lmdb:${join(place, 'data')}`,
        secretFile: join(place, 'secret'),
        subscribers: { file: file('subscribers.txt', subscribers.join('\n')) },
        bearers: { sms: bearer },
        vasps: { v: { url } },
      };
      served = await serve('--config', file('gateway.yaml', JSON.stringify(config)));
    });
    afterEach(async () => {
      for (const phone of phones.splice(0)) await phone.close();
    });
    afterAll(async () => {
      await served.program.kill();
      await sandbox.close();
      await kannel.close();
    });

    function handset(name: string, { version, encoding }: Spelling): Handset {
      const phone = new Handset({
        url: served.url,
        userId: `wv:${name}@sandbox`,
        password: 'secret',
        version,
        encoding,
      });
      phones.push(phone);
      return phone;
    }

    test.each(SPELLINGS.map((spelling, index) => ({ ...spelling, index })))(
      'from the first word to the reply, CSP $version, $encoding',
      async ({ index, ...spelling }) => {
        const alice = handset(`alice-${index}`, spelling);
        expect((await alice.login()).kind).toBe('logged-in');
        const sent = await alice.send(`wv:bob-${index}@sandbox`, 'Are you coming?', { report: true });
        expect({ code: sent.code, id: sent.messageId }).toEqual({
          code: 200,
          id: expect.stringMatching(/^sapgw\.mail\./),
        });
        const another = await alice.send(`wv:bob-${index}@sandbox`, 'We wait for you.');
        expect(another.ok).toBe(true);

        const mine = () => kannel.messages().filter(({ to }) => to === numberOf(index));
        const fuse = performance.now() + PATIENCE_MILLIS;
        const [sms] = await until(
          async () => mine(),
          ({ length }) => length > 0 || performance.now() > fuse,
        );
        expect(sms?.text).toMatch(
          new RegExp(`^wv:alice-${index}@sandbox sent you a message \\([12] waiting\\)\\. Log in to read it\\.$`),
        );

        const bob = handset(`bob-${index}`, spelling);
        const asked: string[] = [];
        const login = await bob.login({
          answer: (messages) => {
            asked.push(...messages.map(({ text }) => text));
            return messages.map(({ options }) => ({ optionId: options.find(({ text }) => text === 'Log in')?.id }));
          },
        });
        expect(login.kind).toBe('logged-in');
        expect(asked).toEqual(spelling.version === '1.3' ? ['2 messages are waiting for you.'] : []);
        const received = await bob.receive();
        expect(received).toEqual([
          expect.objectContaining({ kind: 'message', from: alice.userId, text: 'Are you coming?' }),
          expect.objectContaining({ kind: 'message', from: alice.userId, text: 'We wait for you.' }),
        ]);
        expect((await bob.send(alice.userId, 'I am on my way.')).ok).toBe(true);
        const heard = await until(
          () => alice.receive(),
          ({ length }) => length > 0,
        );
        expect(heard).toHaveLength(2);
        expect(heard).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ kind: 'delivery-report', code: 200, messageId: sent.messageId, to: bob.userId }),
            expect.objectContaining({ kind: 'message', from: bob.userId, text: 'I am on my way.' }),
          ]),
        );
        expect(mine()).toHaveLength(1);
      },
    );

    test('what was counted is what happened, and nothing is left', async () => {
      const counted = async (result: string): Promise<number> =>
        metric(served.adminUrl, `sapgw_mailbox_total{result="${result}"}`);
      const pairs = SPELLINGS.length;
      expect(await Promise.all(['stored', 'delivered', 'reported', 'failed'].map(counted))).toEqual([
        2 * pairs,
        2 * pairs,
        pairs,
        0,
      ]);
      const { json } = await call(served.adminUrl, 'GET', 'mailbox');
      expect(json).toMatchObject({ waiting: 0, reports: 0, dead: 0, unreadable: 0 });
    });
  });
}
