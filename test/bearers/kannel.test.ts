/**
 * Text messages by a real Kannel, to its fake message centre: what arrives, who is refused, and that it goes on after Kannel was
 * away. Without Kannel (Debian: kannel, kannel-extras) one test says so; in CI it must be there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openKannel } from '../../gateway/bearers/kannel.ts';
import type { Bearer } from '../../gateway/mailbox-ports.ts';
import { isKannelHere, type Kannel, startKannel } from './kannel.ts';
import { messageTo } from './messages.ts';

const NUMBER = '+358501234567';

if (!isKannelHere) {
  test('Kannel is not on this machine (Debian: kannel, kannel-extras), so nothing is sent by it', () => {
    expect(process.env.CI).toBeUndefined();
  });
} else {
  describe('by a real Kannel', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sapgw-kannel-test-'));
    let kannel: Kannel;
    let bearer: Bearer;
    beforeAll(async () => {
      kannel = await startKannel();
      bearer = openKannel(kannel.bearer, 5_000);
    });
    afterAll(async () => {
      await bearer.close();
      await kannel.close();
      rmSync(folder, { recursive: true });
    });

    async function newlyArrived(count: number, send: () => Promise<unknown>) {
      const before = kannel.messages().length;
      await send();
      return (await kannel.arrived(before + count)).slice(before);
    }

    test.each([
      ['gsm', 'wv:alice@im.example sent you a message (3 waiting). Log in to read it.'],
      ['gsm', 'Grüße: äöüÄÖÜß ñ à @ £ _ \\ {x} [y] ~ ^ | € Ω'],
      ['ucs2', 'Здравствуйте, Алиса'],
      ['ucs2', 'Hi 😀 you, ça va? ≤3'],
    ] as const)('%s: %s', async (alphabet, text) => {
      const arrived = await newlyArrived(1, async () => {
        expect(await bearer.send(messageTo(NUMBER, text))).toEqual({ kind: 'sent' });
      });
      expect(arrived).toEqual([{ from: '13013', to: NUMBER, alphabet, text, part: undefined }]);
    });

    test('a long text comes in parts, which make the whole', async () => {
      const text = 'Wörter '.repeat(40);
      const arrived = await newlyArrived(2, () => bearer.send(messageTo(NUMBER, text)));
      expect(arrived.map(({ part }) => part)).toEqual([
        [1, 2],
        [2, 2],
      ]);
      expect(arrived.map((sms) => sms.text).join('')).toBe(text);
    });

    test.each(['OperatorIM', '+358501', '12345'])('from whom, as configured: %s', async (from) => {
      const named = openKannel({ ...kannel.bearer, from }, 5_000);
      const arrived = await newlyArrived(1, () => named.send(messageTo(NUMBER, 'Hi')));
      await named.close();
      expect(arrived).toMatchObject([{ from, text: 'Hi' }]);
    });

    test('a wrong password is refused, and the right one taken without a restart', async () => {
      const passwordFile = join(folder, 'password');
      writeFileSync(passwordFile, 'canary-of-a-password');
      const other = openKannel({ ...kannel.bearer, passwordFile }, 5_000);
      const before = kannel.messages().length;
      expect(await other.send(messageTo(NUMBER, 'never'))).toEqual({ kind: 'refused', failure: 'refused-403' });
      writeFileSync(passwordFile, kannel.password);
      await newlyArrived(1, () => other.send(messageTo(NUMBER, 'now')));
      await other.close();
      expect(kannel.messages().slice(before)).toMatchObject([{ text: 'now' }]);
    });

    test('nothing that Kannel writes of who sent what holds the password', () => {
      expect(kannel.accessLog()).toContain('gateway');
      expect(kannel.accessLog()).not.toContain('canary');
      expect(kannel.accessLog()).not.toContain(kannel.password.slice(0, 5));
    });

    test('while it is away it is to be tried again, and afterwards it goes on', async () => {
      await kannel.stop();
      expect(await bearer.send(messageTo(NUMBER, 'away'))).toEqual({ kind: 'try-again', failure: 'ECONNREFUSED' });
      await kannel.startAgain();
      const arrived = await newlyArrived(1, async () => {
        expect(await bearer.send(messageTo(NUMBER, 'back'))).toEqual({ kind: 'sent' });
      });
      expect(arrived).toMatchObject([{ text: 'back' }]);
    });
  });
}
