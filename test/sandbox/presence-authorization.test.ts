/** Letting somebody see one's presence as CSP 1.1 and 1.2 say it; 1.3 has attribute lists alone. */
import { describe, expect, test } from '@jest/globals';
import { element } from '../../gateway/csp/element.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { code, handsetOf, loggedIn, SPELLINGS } from './rig.ts';

const userId = (name: string) => element('UserID', `wv:${name}@sandbox`);
const authorize = (name: string, acceptance: string) =>
  element('PresenceAuth-User', [userId(name), element('Acceptance', acceptance)]);

describe.each(SPELLINGS)('$version in $encoding', (spelling) => {
  const old = spelling.version !== '1.3';

  test('refused, accepted, cancelled; others are not touched', async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const [bob, carol] = ['bob', 'carol'].map((name) => handsetOf(sandbox, name, spelling));
    await bob?.login();
    await carol?.login();
    const seen = async (who = bob) => (await who?.presence(['wv:alice@sandbox']))?.presences[0]?.attributes;
    const isOnline = { OnlineStatus: 'T' };
    const refused = await alice.request(authorize('bob', 'F'));
    expect(code(refused)).toBe(old ? '200' : '501');
    expect(await seen()).toEqual(old ? {} : isOnline);
    expect(await seen(carol)).toEqual(isOnline);
    if (!old) return;
    expect(code(await alice.request(authorize('bob', 'T')))).toBe('200');
    expect(await seen()).toEqual(isOnline);
    expect(code(await alice.request(element('CancelAuth-Request', [userId('bob')])))).toBe('200');
    expect(await seen()).toEqual({});
  });

  test('of nobody is refused', async () => {
    const alice = await loggedIn(createSandbox(), spelling, 'alice');
    const unknown = await alice.request(authorize('nobody', 'T'));
    expect(code(unknown)).toBe(old ? '531' : '501');
    expect(code(await alice.request(element('CancelAuth-Request', [userId('nobody')])))).toBe(old ? '531' : '501');
  });
});

test('an Acceptance that is neither T nor F is refused', async () => {
  const alice = await loggedIn(createSandbox(), { version: '1.2', encoding: 'xml' }, 'alice');
  expect(code(await alice.request(authorize('bob', 'perhaps')))).toBe('402');
});
