import { describe, expect, test } from '@jest/globals';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import { parsePolicySet } from '../../gateway/policy/parse.ts';
import { MINIMAL, policyOf, setOf } from './sample.ts';

const LEVELS = `kind: service-levels
default: presence-only
levels:
  full: { grant: [WVCSPFeat] }
  presence-only: { grant: [FundamentalFeat, PresenceFeat] }
  receive-only: { grant: [FundamentalFeat, IMReceiveFunc], except: [NEWM] }
`;

/** The policy of the format's description, with the parts of it that this version serves. */
const WHOLE = `kind: off-line-service
id: aoc-messaging
version: 3
purpose: advice-of-charge
order: 10
applies:
  vasps: [friendly-im]
  users: ["wv:*@im.example", "+4670*"]
  clients: ["http://*/IMPSAPP"]
  csp: ["1.1", "1.2", "1.3"]
  from: 2026-12-01T00:00:00Z
  until: 2027-12-01T01:00:00+01:00
  when: 'user.domain == "im.example" && now.getHours("Europe/Stockholm") >= 6'
charge: { kind: currency, amount: "0.10", currency: EUR, per: message, estimate: true }
message:
  en: "Messages cost EUR 0.10 each. Accept?"
  sv: "Meddelanden kostar 0,10 EUR styck. Acceptera?"
options:
  - { id: accept,   text: { en: Accept, sv: Acceptera },          grant: full }
  - { id: presence, text: { en: Presence only, sv: Bara status }, grant: presence-only }
  - { id: decline,  text: { en: Decline, sv: Avböj },             deny: { en: "Declined.", sv: "Avböjt." } }
verification: { inText: { en: "Type the word GREEN.", sv: "Skriv ordet GREEN." }, key: green }
requiresResponse: true
timeout: 90s
resend: 0
onTimeout: { grant: presence-only }
ask: { every: 30d }
record: none
withoutSystemMessages: { grant: presence-only }
mode: observe
`;

describe('a policy file', () => {
  test('gives everything that it writes', () => {
    const set = setOf(LEVELS, WHOLE);
    const [policy] = set.policies;
    const full = { name: 'full', set: ServiceSet.ALL };
    const presence = set.levels.get('presence-only');
    expect(policy).toMatchObject({
      id: 'aoc-messaging',
      version: 3,
      purpose: 'advice-of-charge',
      order: 10,
      charge: { kind: 'currency', amount: '0.10', currency: 'EUR', per: 'message', estimate: true },
      requiresResponse: true,
      timeoutMillis: 90_000,
      resend: 0,
      onTimeout: { kind: 'grant', level: presence },
      ask: { mode: 'every', everyMillis: 30 * 86_400_000 },
      record: 'none',
      withoutSystemMessages: { kind: 'grant', level: presence },
      mode: 'observe',
    });
    expect(policy?.applies.vasps).toEqual(new Set(['friendly-im']));
    expect(policy?.applies.users?.map(({ source }) => source)).toEqual(['wv:*@im.example', '+4670*']);
    expect(policy?.applies.csp).toEqual(new Set(['1.1', '1.2', '1.3']));
    expect(policy?.applies.from).toBe(Date.UTC(2026, 11, 1));
    expect(policy?.applies.until).toBe(Date.UTC(2027, 11, 1));
    expect([...(policy?.message.keys() ?? [])]).toEqual(['en', 'sv']);
    expect(policy?.options.map(({ id }) => id)).toEqual(['accept', 'presence', 'decline']);
    expect(policy?.options.map(({ outcome }) => outcome.kind)).toEqual(['grant', 'grant', 'deny']);
    expect(policy?.options[0]?.outcome).toEqual({ kind: 'grant', level: full });
    expect(policy?.verification).toMatchObject({ kind: 'in-text', key: 'green' });
  });

  test('gets the defaults where it writes nothing', () => {
    const policy = policyOf();
    expect(policy).toMatchObject({
      order: 100,
      applies: {},
      options: [],
      requiresResponse: false,
      timeoutMillis: 120_000,
      resend: 3,
      ask: { mode: 'on-change' },
      record: 'keyed',
      mode: 'enforce',
    });
    expect(policy.charge).toBeUndefined();
    expect(policy.verification).toBeUndefined();
    expect(policy.onTimeout.kind).toBe('deny');
    expect(policy.withoutSystemMessages.kind).toBe('deny');
  });

  test('requires a response by default once there is something to choose', () => {
    expect(policyOf('options: [{ id: ok, text: { en: OK }, grant: full }]\n').requiresResponse).toBe(true);
  });
});

describe('a set', () => {
  test('has one level that grants everything when no file defines levels', () => {
    const { levels, defaultLevel } = setOf(MINIMAL);
    expect([...levels.keys()]).toEqual(['full']);
    expect(defaultLevel.set.isAll).toBe(true);
  });

  test('resolves levels; except wins over grant', () => {
    const { levels, defaultLevel } = setOf(LEVELS);
    expect(defaultLevel.name).toBe('presence-only');
    const receive = levels.get('receive-only')?.set;
    expect(receive?.has('SETD')).toBe(true);
    expect(receive?.has('NEWM')).toBe(false);
    expect(receive?.has('GCLI')).toBe(false);
  });

  test('is sorted by order, then id, whatever the files are named', () => {
    const at = (id: string, order: number) => `${MINIMAL.replace('id: sample', `id: ${id}`)}order: ${order}\n`;
    const set = setOf(at('b', 20), at('z', 5), at('a', 20));
    expect(set.policies.map(({ id }) => id)).toEqual(['z', 'a', 'b']);
  });

  test('is identified by names and contents, not by where the folder is', () => {
    const hash = (path: string, text: string): string | undefined => {
      const parsed = parsePolicySet([{ path, text }], { hash: (content) => content });
      return parsed.kind === 'valid' ? parsed.set.hash : undefined;
    };
    expect(hash('/a/policy.yaml', MINIMAL)).toBe(hash('b/policy.yaml', MINIMAL));
    expect(hash('/a/policy.yaml', MINIMAL)).not.toBe(hash('/a/other.yaml', MINIMAL));
    expect(hash('/a/policy.yaml', MINIMAL)).not.toBe(hash('/a/policy.yaml', `${MINIMAL}# changed\n`));
  });

  test('may be empty', () => {
    expect(setOf().policies).toEqual([]);
  });

  test('leaves test files aside', () => {
    const files = [{ path: 'x.test.yaml', text: 'kind: policy-tests\ncases: []\n' }];
    expect(parsePolicySet(files, { hash: (text) => text }).kind).toBe('valid');
  });

  test('refuses VASPs that are not configured, when the configuration is known', () => {
    const files = [{ path: 'p.yaml', text: `${MINIMAL}applies: { vasps: [freindly-im] }\n` }];
    const parsed = parsePolicySet(files, { hash: (text) => text, vasps: ['friendly-im', 'other'] });
    expect(parsed.kind === 'invalid' && parsed.problems).toMatchObject([
      { line: 6, column: 20, keyPath: 'applies.vasps[0]', suggestion: 'friendly-im', severity: 'error' },
    ]);
    expect(parsePolicySet(files, { hash: (text) => text }).kind).toBe('valid');
  });

  test.each([
    ['withoutSystemMessages: { deny: { en: "See {consentUrl}" } }\n', 'withoutSystemMessages.deny'],
    ['verification: { url: true, key: random }\n', 'verification.url'],
  ])('refuses to send users to a page that the configuration has no place for: %s', (keys, keyPath) => {
    const files = [{ path: 'p.yaml', text: MINIMAL + keys }];
    const parse = (publicUrl?: string) => parsePolicySet(files, { hash: (text) => text, publicUrl });
    const parsed = parse('none');
    expect(parsed.kind === 'invalid' && parsed.problems).toMatchObject([{ keyPath, severity: 'error' }]);
    expect(parse('https://im.operator.example').kind).toBe('valid');
    expect(parse().kind).toBe('valid');
  });
});
