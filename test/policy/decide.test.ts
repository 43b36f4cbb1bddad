import { describe, expect, test } from '@jest/globals';
import { applicablePolicies, explainPolicy } from '../../gateway/policy/decide.ts';
import type { LoginFacts } from '../../gateway/policy/model.ts';
import { LOGIN, MINIMAL, NOON, policyOf, setOf } from './sample.ts';

const verdict = (applies: string, login: Partial<LoginFacts> = {}, now = NOON): string => {
  const explanation = explainPolicy(policyOf(`applies: ${applies}\n`), { ...LOGIN, ...login }, now);
  return explanation.kind === 'applies' ? 'applies' : explanation.condition;
};

describe('whom a policy concerns', () => {
  test.each([
    ['{}', {}, 'applies'],
    ['{ vasps: [friendly-im, other] }', {}, 'applies'],
    ['{ vasps: [other] }', {}, 'vasps'],
    ['{ users: ["wv:*@im.example"] }', {}, 'applies'],
    ['{ users: ["WV:ALICE@IM.EXAMPLE"] }', {}, 'applies'],
    ['{ users: ["wv:*@other.example"] }', {}, 'users'],
    ['{ users: ["wv:*@other.example", "*alice*"] }', {}, 'applies'],
    ['{ users: ["+4670*"] }', { userId: '+46701234567' }, 'applies'],
    ['{ users: ["+4670*"] }', { userId: 'wv:+46701234567@im.example' }, 'applies'],
    ['{ users: ["+4670*"] }', { userId: '+46731234567' }, 'users'],
    ['{ clients: ["http://*/IMPSAPP"] }', {}, 'applies'],
    ['{ clients: ["http://*/OTHER"] }', {}, 'clients'],
    ['{ clients: ["*"] }', { clientId: '' }, 'applies'],
    ['{ clients: ["?*"] }', { clientId: '' }, 'clients'],
    ['{ csp: ["1.3"] }', {}, 'applies'],
    ['{ csp: ["1.1", "1.2"] }', {}, 'csp'],
    ['{ vasps: [other], users: ["x"], csp: ["1.1"] }', {}, 'vasps'],
  ] as const)('%s with %j: %s', (applies, login, expected) => {
    expect(verdict(applies, login)).toBe(expected);
  });

  test.each([
    ['alice@im.example', 'without the scheme'],
    ['WV:ALICE@IM.EXAMPLE', 'in capitals'],
    ['wv:%61lice@im.example', 'percent-encoded'],
    ['wv:alice%40im.example', 'with an encoded @'],
    ['wv:alice', 'without the domain, which the VASP fills in'],
    ['alice', 'without both'],
    [' wv:alice@im.example ', 'with blanks around'],
  ])('%s (%s) is not another user', (userId) => {
    expect(verdict('{ users: ["wv:alice@im.example"] }', { userId })).toBe('applies');
  });

  test('an id without a domain must still match the rest of the glob', () => {
    expect(verdict('{ users: ["wv:bob@im.example"] }', { userId: 'wv:alice' })).toBe('users');
  });
});

describe('the effective period is half open', () => {
  const applies = '{ from: 2026-06-01T12:00:00Z, until: 2026-06-01T14:00:00+01:00 }';
  test.each([
    [-1, 'from'],
    [0, 'applies'],
    [3_599_999, 'applies'],
    [3_600_000, 'until'],
  ])('%i ms after its beginning: %s', (millis, expected) => {
    expect(verdict(applies, {}, NOON + millis)).toBe(expected);
  });
});

describe('conditions', () => {
  test.each([
    ['user.domain == "im.example"', 'applies'],
    ['user.id == "wv:alice@im.example" && user.name == "alice"', 'applies'],
    ['client.id.startsWith("http://") && vasp.name == "friendly-im"', 'applies'],
    ['csp.version in ["1.1", "1.2"] || csp.encoding == "wbxml"', 'when'],
    ['now.getHours("Europe/Stockholm") == 14', 'applies'],
    ['now.getHours() == 12 && now.getFullYear() == 2026', 'applies'],
    ['now >= timestamp("2026-06-01T12:00:00Z")', 'applies'],
    ['now < timestamp("2026-06-01T12:00:00Z")', 'when'],
    ['["a", "alice"].exists(n, n == user.name)', 'applies'],
    ['int(user.name) > 3', 'when-error'],
    ['user.id.split("@")[7] == ""', 'when-error'],
  ])('%s: %s', (condition, expected) => {
    expect(verdict(`{ when: '${condition}' }`)).toBe(expected);
  });

  test('one that fails at run time means that the policy does not apply, and is told', () => {
    const set = setOf(MINIMAL, `${MINIMAL.replace('sample', 'broken')}applies: { when: 'int(user.name) > 3' }\n`);
    const failed: string[] = [];
    const applicable = applicablePolicies(set, LOGIN, NOON, ({ id }) => failed.push(id));
    expect(applicable.map(({ id }) => id)).toEqual(['sample']);
    expect(failed).toEqual(['broken']);
  });
});

test('an explanation says what was compared with what', () => {
  expect(explainPolicy(policyOf('applies: { users: ["+4670*", "bob"] }\n'), LOGIN, NOON)).toEqual({
    kind: 'not',
    condition: 'users',
    detail: 'the user wv:Alice@im.example matches none of +4670*, bob',
  });
  expect(explainPolicy(policyOf('applies: { until: 2026-01-01T00:00:00Z }\n'), LOGIN, NOON)).toMatchObject({
    detail: '2026-06-01T12:00:00.000Z is not before 2026-01-01T00:00:00.000Z',
  });
});
