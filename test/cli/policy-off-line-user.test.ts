/** What the policy commands say of messages that are kept for users who are away. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportedLine, LEVELS, NOTICE, Workspace } from './policy-harness.ts';

const WAITING = `kind: off-line-user
id: waiting
version: 2
applies: { users: ["wv:*@im.example"] }
keep: { messages: 20, for: 3d }
notify:
  bearer: sms
  text: { en: "{sender} wrote ({count})." }
  atMostEvery: 1h
atLogin:
  message: { en: "{count} wait", sv: "{count} väntar" }
  options:
    - { id: login, text: { en: In, sv: Ja }, proceed: true }
    - { id: ignore, text: { en: Out, sv: Nej }, deny: { en: "{count} stay.", sv: "{count} stannar." } }
`;
const QUIET = 'kind: off-line-user\nid: quiet\norder: 200\nstoreOn: [533]\nkeep: { messages: 1 }\n';
const TESTS = `kind: policy-tests
cases:
  - name: asked
    login: { user: wv:a@im.example }
    messagesWaiting: 2
    answers: { waiting: ignore }
    expect: { ask: [{ policy: waiting, text: "2 wait", options: [In, Out] }], deny: { code: 403, reason: 2 stay. } }
`;

const space = new Workspace();
let folders = 0;
beforeAll(() => {
  space.write({ 'set/levels.yaml': LEVELS, 'set/waiting.yaml': WAITING, 'set/quiet.yaml': QUIET });
});
afterAll(() => space.remove());

async function diff(files: Readonly<Record<string, string>>) {
  const name = `new${++folders}`;
  const all = { 'levels.yaml': LEVELS, 'waiting.yaml': WAITING, 'quiet.yaml': QUIET, ...files };
  const kept = Object.entries(all).filter(([, text]) => text !== '');
  space.write(Object.fromEntries(kept.map(([file, text]) => [`${name}/${file}`, text])));
  const { out } = await space.run(['diff', space.at('set'), space.at(name)]);
  return out.split('\n');
}

async function testRun(tests: string) {
  const name = `tests${++folders}`;
  const files = { 'levels.yaml': LEVELS, 'waiting.yaml': WAITING, 'a.test.yaml': tests };
  space.write(Object.fromEntries(Object.entries(files).map(([file, text]) => [`${name}/${file}`, text])));
  const { out, status } = await space.run(['test', space.at(name)]);
  return { lines: out.split('\n'), status };
}

describe('of messages for users who are away', () => {
  test('render draws the question, and tells the notification in short messages', async () => {
    const { out, status } = await space.run(['render', 'waiting', '--folder', space.at('set')]);
    const [english = '', swedish = ''] = out.split('\n\n');
    expect(english.split('\n')).toEqual([
      'waiting version 2, en',
      '  ┌──────────────────────────┐',
      '  │ 3 wait                   │',
      '  │                          │',
      '  │ 1 In                     │',
      '  │ 2 Out                    │',
      '  └──────────────────────────┘',
      '  atLogin.message: 6 characters, at most 12; fits 128, fits 512',
      '  notify.text: "wv:bob@im.example wrote (3).", 28 characters, at most 81; at most 1 SMS',
      '  atLogin.options.ignore.deny: "3 stay.", 7 characters, at most 13; fits 128',
      '  keep: 20 messages and 256KiB a user, for 3d',
      '  storeOn: when the VASP says 410 or 533',
      '  notify: by sms, at most every 1h',
      '  atLogin.options.login: lets in',
    ]);
    expect(swedish).toContain('waiting version 2, sv\n');
    expect(swedish).toContain('│ 3 väntar ');
    expect(status).toBe(0);
  });

  test('render of one that says nothing tells what is kept', async () => {
    const { out } = await space.run(['render', 'quiet', '--folder', space.at('set')]);
    expect(out.trimEnd()).toBe(
      'quiet version 1\n  keep: 1 message and 256KiB a user, for 7d\n  storeOn: when the VASP says 533',
    );
    const json = await space.run(['render', '--json', '--folder', space.at('set')]);
    expect(JSON.parse(json.out)).toMatchObject({
      renderings: [
        { policy: 'waiting', language: 'en', notification: { longest: 81, sms: { messages: 1 } } },
        { policy: 'waiting', language: 'sv' },
        { policy: 'quiet', screen: [] },
      ],
    });
  });

  test('explain tells what is kept, and whether a login is asked, and why not', async () => {
    const explain = async (...words: readonly string[]) =>
      (await space.run(['explain', ...words, space.at('set')])).out.split('\n\n');
    const asked = await explain('--user', 'wv:a@im.example', '--messages-waiting', '3', '--language', 'sv');
    expect(asked.slice(-3)).toEqual([
      [
        'The login is asked waiting',
        'By choice:',
        '  waiting login: goes on with the level full (everything)',
        '  waiting ignore: denied with 403 "3 stannar."',
        '  waiting never answered, the others accepted: goes on with the level full (everything)',
        'Without System Messages: goes on with the level full (everything)',
        'The default level, of a login that no policy concerns: full (everything)',
      ].join('\n'),
      [
        'waiting version 2, off-line-user, order 100: keeps messages while the user is away; asked',
        '  yes users: the user wv:a@im.example matches wv:*@im.example',
        '  keeps 20 messages and 256KiB a user, for 3d, when the service says 410 or 533',
        '  told by sms, at most every 1h: en: {sender} wrote (3).',
        '  sv: 3 väntar',
        '    1 Ja (login): lets in',
        '    2 Nej (ignore): denies: 3 stannar.',
      ].join('\n'),
      [
        'quiet version 1, off-line-user, order 200: keeps no messages, because a policy that comes before it does; not asked, because it has no atLogin',
        '  yes it concerns everybody',
      ].join('\n'),
    ]);
    const standing = async (...words: readonly string[]) =>
      (await explain(...words))
        .find((part) => part.startsWith('waiting'))
        ?.split('\n')[0]
        ?.split('; ')[1];
    expect(await standing('--user', 'wv:a@im.example')).toBe('not asked, no message waits');
    expect(await standing('--user', 'wv:a@else.example', '--messages-waiting', '1')).toBe(
      'not asked, because it does not apply',
    );
    expect(await standing('--user', 'wv:a@im.example', '--messages-waiting', '1', '--csp', '1.1')).toBe(
      'let in unasked, because the phone does not know System Messages',
    );
    const wrong = await space.run(['explain', '--user', 'a', '--messages-waiting', '-1', space.at('set')]);
    expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining('A whole number from 0')]);
    const { out } = await space.run(['explain', '--user', 'wv:a@im.example', '--json', space.at('set')]);
    expect(JSON.parse(out)).toMatchObject({
      login: { messagesWaiting: 0 },
      offLineUser: [
        { id: 'waiting', keeps: 'yes', standing: 'nothing-waits', question: { text: '{count} wait' } },
        { id: 'quiet', keeps: 'another', standing: 'asks-nothing' },
      ],
    });
  });

  test('diff tells what changes, and for which messages', async () => {
    expect(await diff({})).toEqual(['Nothing changes for anybody.']);
    const changed = WAITING.replace('messages: 20', 'messages: 30').replace('1h', '2h').replace('In,', 'Log in,');
    expect(await diff({ 'waiting.yaml': changed })).toEqual([
      'waiting: changed',
      '  keep: 20 messages and 256KiB a user, for 3d -> 30 messages and 256KiB a user, for 3d',
      '  notify: by sms, at most every 1h -> by sms, at most every 2h',
      '  atLogin.options.login.text.en: "In" -> "Log in"',
      '  -> holds for messages from now on; those that wait stay as long as they were to stay',
    ]);
    expect(await diff({ 'waiting.yaml': '' })).toEqual([
      'waiting: gone',
      '  -> messages are kept under it no more; those that wait are handed over, unasked',
    ]);
    expect(await diff({ 'more.yaml': WAITING.replace('id: waiting', 'id: more') })).toEqual([
      'more: new, version 2',
      '  applies.users: wv:*@im.example',
      '  keep: 20 messages and 256KiB a user, for 3d',
      '  storeOn: 410 or 533',
      '  notify: by sms, at most every 1h',
      '  notify.text.en: "{sender} wrote ({count})."',
      '  atLogin.message.en: "{count} wait"',
      '  atLogin.message.sv: "{count} väntar"',
      '  atLogin.options.login: lets in',
      '  atLogin.options.ignore: denies',
      '  -> messages to everybody whom it concerns are kept while they are away',
      '  -> whoever has messages waiting is asked at login',
    ]);
  });

  test('test asks while messages wait, and wants every option chosen', async () => {
    const { lines, status } = await testRun(TESTS);
    expect(lines).toEqual(['ok     asked', 'warning: no passing test covers waiting/login', '1 test passed, 0 failed']);
    expect(status).toBe(0);
    const nothing = await testRun(TESTS.replace('    messagesWaiting: 2\n', ''));
    expect(nothing.status).toBe(1);
    expect(nothing.lines.join('\n')).toContain('answers waiting, which was not asked: the login went on');
  });

  test('test refuses what goes with no login, and options that are not there', async () => {
    const wrong = TESTS.replace('waiting: ignore', 'waiting: ignor').replace(
      'messagesWaiting: 2',
      'messagesWaiting: -1',
    );
    expect((await testRun(wrong)).lines.join('\n')).toContain(
      'cases[0].messagesWaiting: must be how many messages are kept for the user, a whole number from 0, not -1',
    );
    expect((await testRun(wrong.replace('-1', '1'))).lines.join('\n')).toContain(
      'the policy waiting has no option "ignor"; did you mean "ignore"?',
    );
    const event = `kind: policy-tests
cases:
  - { name: a, login: { user: a }, event: login, messagesWaiting: 1, expect: { send: [] } }
`;
    expect((await testRun(event)).lines.join('\n')).toContain(
      'cases[0].messagesWaiting: goes with a login alone, not with an event',
    );
  });

  test('check names them, and holds bearers against the configuration', async () => {
    const json = await space.run(['check', space.at('set'), '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ policies: [], onLine: [], offLineUser: ['waiting', 'quiet'] });
    space.write({ 'gateway.yaml': 'secretFile: ./secret\n' });
    const { out, status } = await space.run(['check', space.at('set'), '--config', space.at('gateway.yaml')]);
    expect(out).toContain('set/waiting.yaml:7:11: notify.bearer: the configuration has no bearer "sms"; it has none');
    expect(status).toBe(1);
  });

  test('replay tells of a policy that was a question before every login', async () => {
    const line = exportedLine(1, { policy: 'waiting', option: 'login' });
    const { out } = await space.run(['replay', '-', space.at('set')], `${line}\n`);
    expect(out).toContain('not asked, the policy asks only while messages wait, and nothing of it is remembered');
  });

  test('a question before every login and one about messages do not take the same id', async () => {
    const id = /^id: (.*)$/m.exec(NOTICE)?.[1] ?? '';
    space.write({ 'twice/a.yaml': NOTICE, 'twice/b.yaml': `kind: off-line-user\nid: ${id}\n` });
    const { out, status } = await space.run(['check', space.at('twice')]);
    expect(out).toContain(`twice/b.yaml:2:5: id: the id "${id}" is taken by twice/a.yaml`);
    expect(status).toBe(1);
  });
});
