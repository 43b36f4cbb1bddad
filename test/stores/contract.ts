/** What every store must do, whatever it keeps its records in. Each store's test runs this suite on a fresh one. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CirAgreement } from '../../gateway/cir-ports.ts';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import type { SessionRecord, Store } from '../../gateway/ports.ts';
import { describeAudit } from './contract-audit.ts';
import { describeMailbox } from './contract-mailbox.ts';
import { describeMessages } from './contract-messages.ts';
import { describeNotifications } from './contract-notifications.ts';
import { acceptance, KEY, OTHER_KEY, remembering, session } from './records-of-tests.ts';

const EVERY_CIR: CirAgreement = {
  stcp: true,
  shttp: true,
  udp: { host: '2001:db8::17', port: 3717 },
  vaspTcp: { host: 'im.example', port: 65_535 },
  vaspUrl: `http://im.example/${'x'.repeat(300)}`,
};
const PERSON = Uint8Array.from({ length: 90 }, (_, at) => 255 - at);
const ONE_CIR: CirAgreement = { stcp: true, shttp: false, udp: undefined, vaspTcp: undefined, vaspUrl: undefined };

export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`${name} store`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    test.each<[string, Partial<SessionRecord>]>([
      ['as it is', {}],
      ['of another version and encoding', { version: '1.3', encoding: 'xml' }],
      ['of the oldest version', { version: '1.1' }],
      ['without a keep-alive time', { keepAliveSeconds: undefined }],
      ['with nothing granted', { granted: ServiceSet.NONE }],
      ['with everything granted', { granted: ServiceSet.ALL }],
      ['with keys that are no hashes', { userKey: 'wörld', clientKey: '' }],
      ['with a key that only looks like a hash', { userKey: 'CCCCCCCCCCCCCCCCCCCCCB' }],
      ['that never expires', { expiresAt: 2 ** 48 - 1 }],
      ['that agreed on every way of CIR', { cir: EVERY_CIR }],
      ['that agreed on one way of CIR, with a VASP that has none', { cir: ONE_CIR }],
      ['with who logged in', { person: PERSON }],
      ['that wants its messages pushed', { delivery: { method: 'P', pushedBytes: undefined } }],
      ['that wants its messages announced', { delivery: { method: 'N', pushedBytes: undefined } }],
      ['that wants large messages announced', { delivery: { method: 'P', pushedBytes: 0 }, cir: ONE_CIR }],
      [
        'that has agreed on everything',
        { delivery: { method: 'N', pushedBytes: 2 ** 48 - 1 }, cir: EVERY_CIR, person: PERSON },
      ],
      ['with who logged in and a way of delivery', { delivery: { method: 'N', pushedBytes: 9 }, person: PERSON }],
      ['with a very long name', { person: new Uint8Array(60_000).fill(9) }],
      ['with who logged in and every way of CIR', { person: PERSON, cir: EVERY_CIR }],
      ['with who logged in and one way of CIR', { person: PERSON, cir: ONE_CIR }],
    ])('a session %s comes back whole', async (_name, change) => {
      await store.sessions.put(KEY, session(change));
      expect(await store.sessions.get(KEY)).toEqual(session(change));
    });

    test('an unknown session is undefined, and deleting one is nothing', async () => {
      await store.sessions.delete(KEY);
      expect(await store.sessions.get(KEY)).toBeUndefined();
    });

    test('the end of a session moves on, never back, and never calls an ended one back', async () => {
      await store.sessions.put(KEY, session({ expiresAt: 50 }));
      expect(await store.sessions.prolong(KEY, 70)).toBe(true);
      expect(await store.sessions.prolong(KEY, 60)).toBe(true);
      expect(await store.sessions.get(KEY)).toEqual(session({ expiresAt: 70 }));
      await store.sessions.delete(KEY);
      expect(await store.sessions.prolong(KEY, 90)).toBe(false);
      expect(await store.sessions.get(KEY)).toBeUndefined();
    });

    test('a session is replaced, deleted, and others stay', async () => {
      expect(await store.sessions.put(KEY, session())).toBe(false);
      await store.sessions.put(OTHER_KEY, session({ vasp: 'other' }));
      expect(await store.sessions.put(KEY, session({ expiresAt: 5 }))).toBe(true);
      expect(await store.sessions.get(KEY)).toEqual(session({ expiresAt: 5 }));
      await store.sessions.delete(KEY);
      expect(await store.sessions.get(KEY)).toBeUndefined();
      expect(await store.sessions.get(OTHER_KEY)).toEqual(session({ vasp: 'other' }));
    });

    test('a sweep drops what expired by then and counts the rest', async () => {
      const put = [];
      for (let index = 0; index < 2500; index++) {
        const vasp = index % 5 === 0 ? 'a' : 'b';
        put.push(store.sessions.put(`session-${index}`, session({ vasp, expiresAt: index % 2 === 0 ? 100 : 101 })));
      }
      await Promise.all(put);
      expect([...(await store.sessions.sweep(99))].sort()).toEqual([
        ['a', 500],
        ['b', 2000],
      ]);
      expect([...(await store.sessions.sweep(100))].sort()).toEqual([
        ['a', 250],
        ['b', 1000],
      ]);
      expect(await store.sessions.get('session-0')).toBeUndefined();
      expect(await store.sessions.get('session-1')).toMatchObject({ expiresAt: 101 });
      expect((await store.sessions.sweep(101)).size).toBe(0);
      expect(await store.sessions.get('session-1')).toBeUndefined();
    });

    test('a user who accepted nothing has no acceptances', async () => {
      expect(await store.acceptances.of(KEY)).toEqual([]);
      await store.acceptances.forget(KEY);
    });

    test('acceptances are added, and replace older ones of the same policy', async () => {
      await store.acceptances.accept(
        KEY,
        remembering([acceptance(), acceptance({ policy: 'terms', option: undefined })]),
      );
      await store.acceptances.accept(OTHER_KEY, remembering([acceptance({ version: 9 })]));
      await store.acceptances.accept(KEY, remembering([acceptance({ version: 4, option: 'presence "only" ü' })]));
      const all = [...(await store.acceptances.of(KEY))].sort((a, b) => (a.policy < b.policy ? -1 : 1));
      expect(all).toEqual([
        acceptance({ version: 4, option: 'presence "only" ü' }),
        acceptance({ policy: 'terms', option: undefined }),
      ]);
      expect(await store.acceptances.of(OTHER_KEY)).toEqual([acceptance({ version: 9 })]);
    });

    test('acceptances of one user added at the same time are all kept', async () => {
      const policies = Array.from({ length: 20 }, (_, index) => `policy-${index}`);
      await Promise.all(policies.map((policy) => store.acceptances.accept(KEY, remembering([acceptance({ policy })]))));
      const kept = (await store.acceptances.of(KEY)).map(({ policy }) => policy);
      expect(kept.sort()).toEqual(policies.sort());
    });

    test('a forgotten user has no acceptances, others keep theirs', async () => {
      await store.acceptances.accept(KEY, remembering([acceptance()]));
      await store.acceptances.accept(OTHER_KEY, remembering([acceptance()]));
      await store.acceptances.forget(KEY);
      expect(await store.acceptances.of(KEY)).toEqual([]);
      expect(await store.acceptances.of(OTHER_KEY)).toEqual([acceptance()]);
    });

    describeAudit(() => store);
    describeMessages(() => store);
    describeMailbox(() => store);
    describeNotifications(() => store);
  });
}
