/** What the policy commands say of on-line messages. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportedLine, LEVELS, NOTICE, Workspace } from './policy-harness.ts';

const ADDED = `kind: on-line-service
id: added
version: 1
category: notification
trigger: { on: added-to-contact-list }
applies: { users: ["wv:*@im.example"] }
message: { en: "{otherUser} added you.", sv: "{otherUser} lade till dig." }
options:
  - { id: add, text: { en: Add, sv: Ja }, do: [ { addToContactList: "{otherUser}" }, { grant: quiet } ] }
  - { id: no, text: { en: No, sv: Nej } }
onTimeout: { grant: quiet }
`;
const WELCOME = `kind: on-line-service
id: welcome
version: 1
category: terms
trigger: { on: first-login }
message: { en: Welcome }
options: [ { id: hook, text: { en: OK }, do: [ { webhook: "https://crm.example/ok" }, { accept: true } ] } ]
resend: { times: 0 }
`;

const space = new Workspace();
let folders = 0;
beforeAll(() => {
  space.write({
    'set/levels.yaml': LEVELS,
    'set/notice.yaml': NOTICE,
    'set/added.yaml': ADDED,
    'set/welcome.yaml': WELCOME,
  });
});
afterAll(() => space.remove());

/** The folder against one with these files in the place of its own. */
async function diff(files: Readonly<Record<string, string>>) {
  const name = `new${++folders}`;
  const all = { 'levels.yaml': LEVELS, 'notice.yaml': NOTICE, 'added.yaml': ADDED, 'welcome.yaml': WELCOME, ...files };
  const kept = Object.entries(all).filter(([, text]) => text !== '');
  space.write(Object.fromEntries(kept.map(([file, text]) => [`${name}/${file}`, text])));
  const { out } = await space.run(['diff', space.at('set'), space.at(name)]);
  return out.split('\n');
}

describe('of on-line messages', () => {
  test('render draws the message and tells what its options do', async () => {
    const { out, status } = await space.run(['render', 'added', '--language', 'sv', '--folder', space.at('set')]);
    expect(out.split('\n')).toEqual([
      'added version 1, sv',
      '  ┌──────────────────────────┐',
      '  │ wv:bob@im.example lade   │',
      '  │ till dig.                │',
      '  │                          │',
      '  │ 1 Ja                     │',
      '  │ 2 Nej                    │',
      '  └──────────────────────────┘',
      '  message: 32 characters, at most 79; fits 128, fits 512',
      '  trigger: sent when somebody adds the user to a contact list',
      '  options.add: adds {otherUser} to the contact list, grants quiet in this session',
      '  options.no: does nothing',
      '  onTimeout: leaves no more than quiet in this session',
      '',
    ]);
    expect(status).toBe(0);
  });

  test('explain tells whether the user would get them, and when', async () => {
    const explain = async (user: string) => (await space.run(['explain', '--user', user, space.at('set')])).out;
    expect((await explain('wv:alice@im.example')).split('\n\n').slice(-2)).toEqual([
      [
        'added version 1, notification in a session: sent when somebody adds the user to a contact list',
        '  yes users: the user wv:alice@im.example matches wv:*@im.example',
        '  en: {otherUser} added you.',
        '    1 Add (add): adds {otherUser} to the contact list, grants quiet in this session',
        '    2 No (no): does nothing',
        '  needs no answer; sent again every 5m until the phone has it, at most 3 times in a session; of use for 1d',
        '  not answered in that time: leaves no more than quiet in this session',
      ].join('\n'),
      [
        'welcome version 1, terms in a session: sent at the first login',
        '  yes it concerns everybody',
        '  en: Welcome',
        '    1 OK (hook): calls https://crm.example/ok, is recorded as accepted',
        '  nothing else is served until it is answered; sent once in a session; of use for 1d',
        '  not answered in that time: ends the session',
      ].join('\n'),
    ]);
    expect(await explain('wv:alice@else.example')).toContain(
      'added version 1, notification in a session: does not apply\n  NO  users: the user wv:alice@else.example matches none',
    );
    const { out } = await space.run(['explain', '--user', 'wv:alice@im.example', '--json', space.at('set')]);
    expect(JSON.parse(out)).toMatchObject({ onLine: [{ id: 'added', applies: true }, { id: 'welcome' }] });
  });

  test('diff tells what changes, and for whom', async () => {
    expect(await diff({})).toEqual(['Nothing changes for anybody.']);
    expect(await diff({ 'added.yaml': ADDED.replace('id: no,', 'id: not,') })).toEqual([
      'added: changed',
      '  options: add, no -> add, not',
      '  options.not: added, does nothing',
      '  options.not.text.en: added, "No"',
      '  options.not.text.sv: added, "Nej"',
      '  options.no: removed, was does nothing',
      '  options.no.text.en: removed, was "No"',
      '  options.no.text.sv: removed, was "Nej"',
      '  -> holds for messages from now on; those that wait stay as they are',
    ]);
    expect(await diff({ 'welcome.yaml': WELCOME.replace('version: 1', 'version: 2') })).toEqual([
      'welcome: changed',
      '  version: 1 -> 2',
      '  -> holds for messages from now on; those that wait stay as they are',
      '  -> sent again to whoever has had version 1, at the next login',
    ]);
    expect((await diff({ 'welcome.yaml': WELCOME.replace('{ en: Welcome }', '{ en: Hello }') })).at(-1)).toBe(
      '  warning: users who have had it do not get it again; raise `version` if they must',
    );
    expect(await diff({ 'added.yaml': '' })).toEqual([
      'added: gone',
      '  -> not sent any more; messages that wait stay as they are',
    ]);
    expect(
      await diff({ 'more.yaml': WELCOME.replace('id: welcome', 'id: more').replace('first-login', 'operator') }),
    ).toEqual([
      'more: new, version 1',
      '  trigger: by hand',
      '  message.en: "Welcome"',
      '  options.hook: calls https://crm.example/ok, is recorded as accepted',
      '  -> sent by hand, to everybody whom it concerns',
    ]);
    const [level] = await diff({ 'levels.yaml': LEVELS.replace('PresenceFeat]', 'IMFeat]') });
    expect(level).toBe('level quiet: changed, gains IMFeat; loses PresenceFeat (used by added)');
  });

  test('check holds webhooks against the configuration', async () => {
    const check = async (allow: string) => {
      space.write({ 'gateway.yaml': `webhooks: { allow: ["${allow}"], keyFile: ./key }\nsecretFile: ./secret\n` });
      return space.run(['check', space.at('set'), '--config', space.at('gateway.yaml')]);
    };
    expect((await check('https://crm.example/')).status).toBe(0);
    const { out, status } = await check('https://other.example/');
    expect(out).toContain('set/welcome.yaml:7:59: options[0].do[0].webhook: is not below a URL');
    expect(status).toBe(1);
  });

  test('check names both kinds', async () => {
    const { out } = await space.run(['check', space.at('set'), '--json']);
    expect(JSON.parse(out)).toMatchObject({ policies: ['notice'], onLine: ['added', 'welcome'] });
  });

  test('replay does not count what a session asked as asked before login', async () => {
    const line = exportedLine(1, { policy: 'welcome', option: 'hook' });
    const { out } = await space.run(['replay', '-', space.at('set')], `${line}\n`);
    expect(out).toContain('1 with version 1, hook: not asked, the policy asks in a session, not before a login');
  });
});
