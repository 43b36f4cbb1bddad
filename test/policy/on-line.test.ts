import { describe, expect, test } from '@jest/globals';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import { appliesTo, appliesToUser } from '../../gateway/policy/decide.ts';
import type { OnLinePolicy } from '../../gateway/policy/model.ts';
import { readOnLinePolicy } from '../../gateway/policy/on-line.ts';
import { formatProblem, parsePolicySet } from '../../gateway/policy/parse.ts';
import { onLineTextValues, textFor } from '../../gateway/policy/text.ts';
import { isAllowedWebhook } from '../../gateway/policy/webhooks.ts';
import { LOGIN, MINIMAL, NOON, setOf } from './sample.ts';

const ON_LINE =
  'kind: on-line-service\nid: hello\nversion: 1\ncategory: notification\ntrigger: { on: login }\nmessage: { en: Hello }\n';

const LEVELS = `kind: service-levels
default: full
levels:
  full: { grant: [WVCSPFeat] }
  presence-only: { grant: [FundamentalFeat, PresenceFeat] }
`;

/** The policy of the format's description, with every effect and limit. */
const WHOLE = `kind: on-line-service
id: added-notice
version: 7
category: notification
order: 20
trigger: { on: added-to-contact-list }
applies: { users: ["wv:*@im.example"], vasps: [friendly-im], csp: ["1.3"], until: 2027-01-01T00:00:00Z, when: 'user.name != "bob"' }
message: { en: "{otherUser} added you. Add them too?", sv: "{otherUser} lade till dig. Lägga till?" }
options:
  - id: add
    text: { en: "Add", sv: "Lägg till" }
    do:
      - { addToContactList: "{otherUser}" }
      - { authorizePresence: "{otherUser}" }
      - { setPreference: { help: on } }
      - { grant: presence-only }
      - { accept: true }
      - { webhook: "https://crm.example/added" }
  - { id: ignore, text: { en: "No thanks", sv: "Nej tack" }, do: [ { denyPresence: "wv:eve@im.example" }, { logout: true } ] }
requiresResponse: true
block: false
resend: { every: 90s, times: 1 }
expires: 2d
onTimeout: { grant: presence-only }
`;

const only = (...texts: readonly string[]): OnLinePolicy => {
  const [policy] = setOf(...texts).onLine;
  if (policy === undefined) throw new Error('the set has no on-line policy');
  return policy;
};
const onLine = (keys: string): OnLinePolicy => only(LEVELS, ON_LINE + keys);

/** Everything of a policy that can be compared. */
const behaviour = ({ applies, ...policy }: OnLinePolicy): unknown => ({
  ...policy,
  applies: { ...applies, when: applies.when?.source, users: applies.users?.map(({ source }) => source) },
});

describe('an on-line policy file', () => {
  test('gives everything that it writes', () => {
    const policy = only(LEVELS, WHOLE);
    expect(policy).toMatchObject({
      id: 'added-notice',
      version: 7,
      category: 'notification',
      trigger: { on: 'added-to-contact-list' },
      requiresResponse: true,
      block: false,
      resend: { everyMillis: 90_000, times: 1 },
      expiresMillis: 2 * 86_400_000,
      onTimeout: { kind: 'grant', level: { name: 'presence-only' } },
    });
    expect(policy.options.map(({ id, effects }) => [id, effects.map(({ kind }) => kind)])).toEqual([
      ['add', ['add-contact', 'authorize-presence', 'set-help', 'grant', 'accept', 'webhook']],
      ['ignore', ['deny-presence', 'logout']],
    ]);
    expect(policy.options[0]?.effects[0]).toEqual({ kind: 'add-contact', user: '{otherUser}' });
    expect(policy.options[0]?.effects[2]).toEqual({ kind: 'set-help', help: 'on' });
    expect([...policy.message.keys()]).toEqual(['en', 'sv']);
  });

  test('gets the defaults where it writes nothing', () => {
    expect(onLine('')).toMatchObject({
      applies: {},
      options: [],
      requiresResponse: false,
      block: false,
      resend: { everyMillis: 300_000, times: 3 },
      expiresMillis: 86_400_000,
      onTimeout: { kind: 'nothing' },
    });
    expect(onLine('resend: { every: 1m }\n').resend).toEqual({ everyMillis: 60_000, times: 3 });
    expect(onLine('block: true\n').requiresResponse).toBe(true);
  });

  test('of terms waits for an answer, and ends the session of who gives none, unless it says otherwise', () => {
    const terms = (keys: string) => only(LEVELS, ON_LINE.replace('notification', 'terms') + keys);
    expect(terms('')).toMatchObject({ requiresResponse: true, block: true, onTimeout: { kind: 'logout' } });
    expect(terms('onTimeout: {}\n').onTimeout).toEqual({ kind: 'nothing' });
    expect(terms('onTimeout: { grant: full }\n').onTimeout).toMatchObject({ kind: 'grant' });
  });

  test('of help ends with the option that switches help off, in the languages of the message', () => {
    const help = (message: string) =>
      only(ON_LINE.replace('notification', 'help').replace('{ en: Hello }', message)).options;
    expect(help('{ en: Hello, sv-FI: Hej }')).toEqual([
      {
        id: 'no-more-help',
        text: new Map([
          ['en', 'Do not show any more help messages'],
          ['sv-FI', 'Visa inga fler hjälpmeddelanden'],
        ]),
        effects: [{ kind: 'set-help', help: 'off' }],
      },
    ]);
    expect([...(help('{ fi: Hei }')[0]?.text.keys() ?? [])]).toEqual(['en', 'sv', 'de']);
  });

  test('says what its trigger waits for', () => {
    const trigger = (written: string) => only(ON_LINE.replace('{ on: login }', written)).trigger;
    expect(trigger('{ on: presence-exposed }')).toEqual({
      on: 'presence-exposed',
      attributes: new Set(['GeoLocation', 'FreeTextLocation', 'Address', 'PreferredContacts', 'ContactInfo']),
    });
    expect(trigger('{ on: presence-exposed, attributes: [Alias] }')).toMatchObject({ attributes: new Set(['Alias']) });
    expect(trigger('{ on: repeated-errors, count: 3, within: 10m, statuses: [4xx, 506] }')).toEqual({
      on: 'repeated-errors',
      count: 3,
      withinMillis: 600_000,
      statuses: ['4xx', '506'],
    });
    for (const on of ['first-login', 'presence-authorization-changed', 'added-to-contact-list', 'operator']) {
      expect(trigger(`{ on: ${on} }`)).toEqual({ on });
    }
  });

  test('stands in a set by order, then id, beside the questions before login', () => {
    const named = (id: string, keys = '') => ON_LINE.replace('id: hello', `id: ${id}`) + keys;
    const set = setOf(named('b'), MINIMAL, named('z', 'order: 1\n'), named('a'));
    expect(set.onLine.map(({ id }) => id)).toEqual(['z', 'a', 'b']);
    expect(set.policies.map(({ id }) => id)).toEqual(['sample']);
  });
});

describe('the definition of an on-line policy', () => {
  const HELP = ON_LINE.replace('notification', 'help');
  const ERRORS = ON_LINE.replace(
    '{ on: login }',
    '{ on: repeated-errors, count: 3, within: 10m, statuses: [4xx, 506] }',
  );
  const EXPOSED = ON_LINE.replace('{ on: login }', '{ on: presence-exposed }');
  const TERMS = ON_LINE.replace('notification', 'terms');

  test.each([
    ['a whole one', WHOLE],
    ['a help message', HELP],
    ['errors', ERRORS],
    ['presence', EXPOSED],
    ['terms', TERMS],
  ])('makes the same policy again: %s', (_, text) => {
    const policy = only(LEVELS, text);
    const again = readOnLinePolicy(policy.definition);
    if (again === undefined) throw new Error('the definition cannot be read');
    expect(behaviour(again)).toEqual(behaviour(policy));
    for (const userId of ['wv:alice@im.example', 'wv:bob@im.example', 'wv:alice@other.example']) {
      const facts = { ...LOGIN, userId };
      expect(appliesTo(again.applies, facts, NOON)).toBe(appliesTo(policy.applies, facts, NOON));
    }
  });

  test('keeps the level as it was, whatever the name means later', () => {
    const again = readOnLinePolicy(only(LEVELS, WHOLE).definition);
    const level = again?.onTimeout.kind === 'grant' ? again.onTimeout.level : undefined;
    const full = level?.set ?? ServiceSet.NONE;
    expect([full.has('GETPR'), full.has('MM')]).toEqual([true, false]);
  });

  test('is the same for the same file, and another for another', () => {
    expect(only(LEVELS, WHOLE).definition).toBe(only(LEVELS, `# a comment\n${WHOLE}`).definition);
    const other = LEVELS.replace('PresenceFeat]', 'IMFeat]');
    expect(only(LEVELS, WHOLE).definition).not.toBe(only(other, WHOLE).definition);
  });

  test('that cannot be read makes no policy', () => {
    const { definition } = only(LEVELS, WHOLE);
    const broken = [
      '',
      'null',
      '{}',
      definition.slice(1),
      definition.replace('"format":1', '"format":2'),
      definition.replace(/"levels":\[.*\]/, '"levels":[]'),
      definition.replace('"id":"added-notice"', '"id":"Added!"'),
    ];
    expect(broken.map(readOnLinePolicy)).toEqual(broken.map(() => undefined));
  });
});

describe('whom a message concerns', () => {
  const { applies } = only(LEVELS, WHOLE);

  test('of a live session, by everything that is written', () => {
    const applying = (changes: Partial<typeof LOGIN>) => appliesTo(applies, { ...LOGIN, ...changes }, NOON);
    expect(applying({})).toBe(true);
    expect(applying({ version: '1.2' })).toBe(false);
    expect(applying({ userId: 'wv:bob@im.example' })).toBe(false);
    expect(applying({ vasp: 'other' })).toBe(false);
    expect(appliesTo(applies, LOGIN, Date.parse('2027-01-01T00:00:00Z'))).toBe(false);
  });

  test('who is not here, by user, VASP and time alone', () => {
    const user = { userId: 'wv:bob@im.example', vasp: 'friendly-im' };
    expect(appliesToUser(applies, user, NOON)).toBe(true);
    expect(appliesToUser(applies, { ...user, userId: 'bob' }, NOON)).toBe(true);
    expect(appliesToUser(applies, { ...user, userId: 'wv:bob@other.example' }, NOON)).toBe(false);
    expect(appliesToUser(applies, { ...user, vasp: 'other' }, NOON)).toBe(false);
    expect(appliesToUser(applies, user, Date.parse('2027-01-01T00:00:00Z'))).toBe(false);
    expect(appliesToUser({}, user, NOON)).toBe(true);
  });
});

describe('a text of an on-line policy', () => {
  test('names the user whom it is about, cut at 64 characters', () => {
    const { message } = only(LEVELS, WHOLE);
    const say = (otherUser: string | undefined) => textFor(message, ['sv'], onLineTextValues(LOGIN, otherUser));
    expect(say('wv:bob@im.example')).toBe('wv:bob@im.example lade till dig. Lägga till?');
    expect(say(`wv:${'b'.repeat(100)}{user}`)).toBe(`wv:${'b'.repeat(60)}… lade till dig. Lägga till?`);
    expect(say(undefined)).toBe(' lade till dig. Lägga till?');
  });
});

describe('webhooks', () => {
  const ALLOWED = ['https://crm.example/hooks', 'http://127.0.0.1:8080/'];

  test.each([
    ['https://crm.example/hooks', true],
    ['https://crm.example/hooks/added?a=1', true],
    ['http://127.0.0.1:8080/any', true],
    ['https://crm.example/hooks2', false],
    ['https://crm.example/hooks/../admin', false],
    ['https://crm.example/hooks/%2e%2e/admin', false],
    ['http://crm.example/hooks', false],
    ['https://crm.example:444/hooks', false],
    ['https://crm.example.evil.example/hooks', false],
    ['https://crm.example@evil.example/hooks', false],
    ['http://127.0.0.1:80801/', false],
    ['ftp://crm.example/hooks', false],
    ['hooks', false],
  ])('%s: %s', (url, allowed) => expect(isAllowedWebhook(url, ALLOWED)).toBe(allowed));

  test('are an error outside the allow list, where it is known', () => {
    const files = [
      { path: 'a.yaml', text: WHOLE },
      { path: 'levels.yaml', text: LEVELS },
    ];
    const parse = (webhooks?: readonly string[]) => parsePolicySet(files, { hash: (text) => text, webhooks });
    expect(parse().kind).toBe('valid');
    expect(parse(['https://crm.example']).kind).toBe('valid');
    const refused = parse([]);
    expect(refused.kind === 'invalid' && refused.problems.map(formatProblem)).toEqual([
      'a.yaml:18:20: options[0].do[5].webhook: is not below a URL that the configuration allows: webhooks.allow',
    ]);
  });
});
